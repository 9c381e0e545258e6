# vitest run src/isa -u
L0:
  li r1, 0x3fc00000                                             # 0  1.5f
  li r2, 272                                                    # 1
  cfg.clear R0                                                  # 2
  cfg.dimi R0, 1, 16, -256                                      # 3
  loopi 4                                                       # 4
    load nram, r1, r2, R0, R1, f32                              # 5
    signal load, 3                                              # 6
    loop r5                                                     # 7
      mma r1, r2, r3, R0, R1, R2, r4, r0, f32, clear, drain, bias, leaky # 8
    endloop
    vec.mul r1, r2, r3, R0, R1, R2, f32, scalar, add, init      # 9
  endloop
  bne r1, r2, L0                                                # 10
  .word 0x0000000000000000                                      # 11 SYS-ISA-001
  halt                                                          # 12
