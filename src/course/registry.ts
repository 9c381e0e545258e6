/**
 * What `#exercises` holds, for the compiler alone: package.json gives this file as its types, because the exercises themselves lie in `course/`,
 * outside of `src/`, and import this package by its name as every user does.
 */
import type { Entry, Words } from './exercise.ts';

export interface PictureSettings {
  readonly folder: string;
  readonly epochs: number;
  /** Height and width that the pictures are brought to. */
  readonly size: number;
  readonly batch: number;
}

/** What a reader gives the exercises beside their parameters: where data lies. */
export interface CourseSettings {
  /** Folder of MNIST's files. */
  readonly mnist: string;
  /** Folder of pictures by class (ImageNet's form, or CIFAR-10's), for the exercises about ImageNet. */
  readonly pictures?: PictureSettings;
}

/** In the order of the book. */
export declare const exercises: readonly Entry[];
/** Whether MNIST's folder is there. */
export declare function mnistIsThere(): boolean;
/** Where that folder is looked for. */
export declare function mnistFolder(): string;
/** Which digits the exercises train on and judge on, and where they lie. */
export declare function digitsInUse(): Promise<Words>;
export declare function configure(settings: Partial<CourseSettings>): void;
