// A job of the vector unit, in i32 words: 0 function, 1 accumulation, 2 init, 3 lanes (0: d0 is not reduced), 4-6 addresses of A,
// B, C, 7 elements of a strip (a power of two, at least 4 and at least the lanes); 8-27 size and strides of A, B, C for each
// dimension; 28 operand type, 29 result type, 30 whether integers saturate, 31 zero point, 32 where B comes from (0 nowhere, 1
// memory, 2 a 32-bit scalar), 33 whether the job needs types at all (0: all is f32, and C not kept anywhere).
@inline export function word(job: usize, i: usize): i32 { return load<i32>(job + (i << 2)); }
@inline export function size(job: usize, d: usize): i32 { return word(job, 8 + 4 * d); }
@inline export function strideA(job: usize, d: usize): usize { return word(job, 9 + 4 * d); }
@inline export function strideB(job: usize, d: usize): usize { return word(job, 10 + 4 * d); }
@inline export function strideC(job: usize, d: usize): usize { return word(job, 11 + 4 * d); }
@inline export function shift(strip: i32): usize { return <usize>ctz(strip); }
@inline export function isTyped(job: usize): bool { return word(job, 33) != 0; }
