# Right, in 128 column tiles one step after the other.
move DRAM NRAM[0] 32768
sync
loop 128
move DRAM WRAM[0] 1024
sync
compute MAC_32 8192 NRAM[0] 32768 WRAM[0] 1024 to NRAM[32768] 128
sync
move NRAM[32768] DRAM 128
sync
endloop
