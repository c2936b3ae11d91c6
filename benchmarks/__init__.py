"""How fast loading is, in units of a hand-written loader on the same machine in the same minutes: `make bench`.

`floor` is that loader, `contenders` are who is measured, `measuring` tells what a command took, `__main__` lets them
take turns and shows the table.
"""
