# Four column tiles in places of their own, of which the first is stored four times.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
loop 4
compute MAC_32 262144 NRAM[0] 32768 WRAM[0, +32768] 32768 to NRAM[32768, +4096] 4096
endloop
sync
loop 4
move NRAM[32768] DRAM 4096
endloop
