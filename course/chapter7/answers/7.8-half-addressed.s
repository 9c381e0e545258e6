# Places of all operands but those of the computation.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
compute MAC_32 1048576
sync
move NRAM[32768] DRAM 16384
