# 32 bits are two times 16.
move DRAM WRAM 131072
move DRAM NRAM 32768
sync
compute MAC_16 2097152
sync
move NRAM DRAM 16384
