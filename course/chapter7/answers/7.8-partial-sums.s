# All operands there from the beginning; a quarter of Y is stored behind each slice of K.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
loop 4
compute MAC_32 262144 NRAM[0, +8192] 8192 WRAM[0, +32768] 32768 to NRAM[32768] 16384
sync
move NRAM[32768, +4096] DRAM 4096
sync
endloop
