# Right and overlapped, but X whole before the first computation.
move DRAM NRAM[0] 32768
move DRAM WRAM[0] 65536
sync
move DRAM WRAM[65536] 65536
compute MAC_32 524288 NRAM[0] 32768 WRAM[0] 65536 to NRAM[32768] 8192
sync
move NRAM[32768] DRAM 8192
compute MAC_32 524288 NRAM[0] 32768 WRAM[65536] 65536 to NRAM[40960] 8192
sync
move NRAM[40960] DRAM 8192
