/** Chapter 1: the figures of its exercises. */
import { checkChapter } from '../checkChapter.ts';

await checkChapter(import.meta.dirname, 'quick');
