# The same with a quarter of the bytes stored: every byte is counted, and three quarters of them are partial sums.
loop 4
move DRAM WRAM 32768
move DRAM NRAM 8192
sync
compute MAC_32 262144
sync
move NRAM DRAM 4096
sync
endloop
