"""A small trained network and text that ship in the package, for `rnnscope explore --demo`.

`making` is how records/ came to be, `opening` puts them where the explorer can work.
"""
