# X into WRAM and W into NRAM.
move DRAM NRAM 131072
move DRAM WRAM 32768
sync
compute MAC_32 1048576
sync
move NRAM DRAM 16384
