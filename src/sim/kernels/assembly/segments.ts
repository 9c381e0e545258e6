// The reduction as a list of segments, four i32 words each: byte offset of the first neuron from its pixel, number of
// its weight row in the group, number of whole chunks, lanes of a last chunk that is not whole (0: none).
@inline export const SEGMENT: usize = 16;

@inline export function neuronsOf(segment: usize): usize { return load<u32>(segment, 0); }
@inline export function weightsOf(segment: usize): usize { return load<u32>(segment, 4); }
@inline export function chunksOf(segment: usize): i32 { return load<i32>(segment, 8); }
@inline export function restOf(segment: usize): i32 { return load<i32>(segment, 12); }
