# W where X belongs, besides: with the results too much for NRAM.
move DRAM NRAM 131072
move DRAM WRAM 131072
sync
compute MAC_32 1048576
sync
move NRAM DRAM 16384
