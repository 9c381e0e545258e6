# Four column tiles whose weights are the same.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
loop 4
compute MAC_32 262144 NRAM[0] 32768 WRAM[0] 32768 to NRAM[32768, +4096] 4096
endloop
sync
move NRAM[32768] DRAM 16384
