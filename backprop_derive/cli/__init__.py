"""The command line: one small file a command. Heavy libraries are imported where a command needs them."""
