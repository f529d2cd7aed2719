"""The commands of `recoup`: one module each, named as the command, which it defines as `command`.

A module whose name starts with an underscore is a helper and no command.
"""
