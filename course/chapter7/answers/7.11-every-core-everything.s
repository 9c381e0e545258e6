# Each core has 32 columns.
move DRAM NRAM 32768 mc
move DRAM WRAM 32768
sync
compute MAC_32 1048576
sync
move NRAM DRAM 4096
