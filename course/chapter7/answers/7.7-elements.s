move DRAM WRAM 256
move DRAM NRAM 1024
sync
compute MAC_32 256
sync
move NRAM DRAM 4
