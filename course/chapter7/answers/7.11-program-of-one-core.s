# The program for one core, which each of the four executes.
move DRAM NRAM 32768
move DRAM WRAM 131072
sync
compute MAC_32 1048576
sync
move NRAM DRAM 16384
