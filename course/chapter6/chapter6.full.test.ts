/** Chapter 6: the figures that take minutes. */
import { checkChapter } from '../checkChapter.ts';

await checkChapter(import.meta.dirname, 'long');
