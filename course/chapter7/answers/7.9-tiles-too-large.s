# Two buffers of 64 rows, without addresses.
move DRAM WRAM 131072
move DRAM NRAM 65536
sync
move DRAM NRAM 65536
compute MAC_32 2097152
sync
loop 14
move DRAM NRAM 65536
move NRAM DRAM 32768
compute MAC_32 2097152
sync
endloop
move NRAM DRAM 32768
compute MAC_32 2097152
sync
move NRAM DRAM 32768
