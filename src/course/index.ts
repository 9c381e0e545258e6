/** Layer `course`: what an exercise is, how its figures are held and how answers are judged. The exercises are in `course/`. */
export * from './checking.ts';
export * from './exercise.ts';
export * from './hold.ts';
export { judgeNumbers, type NumberField, type Slip } from './judge/numbers.ts';
export { cyclesOfProgram, judgeProgram, layerBound, type ProgramTask } from './judge/program.ts';
export { heldTo } from './judge/speed.ts';
export { type Compression, type LayerWork, layerWork, type ProductShape } from './judge/work.ts';
export { type Finding, type Judged, refusedKind, type Submission, type Verdict } from './judge.ts';
export * from './parameters.ts';
export type { CourseSettings, PictureSettings } from './registry.ts';
export * from './transcript.ts';
