/** Chapter 7: the figures of its exercises that are programs. */
import { checkChapter } from '../checkChapter.ts';

await checkChapter(import.meta.dirname, 'quick');
