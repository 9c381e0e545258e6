# Exercise 7.11 of AI Computing Systems: a fully connected layer, 32 × 256 by 256 × 128, on four cores with a SharedRAM.
# Each core has 32 of the 128 columns, in 8 tiles: load the next, compute one, store the last.
#   systole sim examples/03-four-cores.asm --machine textbook-cluster
move DRAM SHARED 32768              # X, once for all cores
sync
move SHARED NRAM 32768 mc
move DRAM WRAM 4096                 # the first tile of each core's weights
sync
move DRAM WRAM 4096
compute MAC_32 32768
sync
loop 6
  move DRAM WRAM 4096
  move NRAM DRAM 512
  compute MAC_32 32768
  sync
endloop
move NRAM DRAM 512
compute MAC_32 32768
sync
move NRAM DRAM 512
