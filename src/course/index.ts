/** Layer `course`: what an exercise is, how its figures are held and how answers are judged. The exercises are in `course/`. */
export * from './exercise.ts';
export * from './hold.ts';
export * from './judge.ts';
export * from './parameters.ts';
export type { CourseSettings, PictureSettings } from './registry.ts';
export * from './transcript.ts';
