/** What the course's commands print with `--json`. */
import * as z from 'zod';
import { answer } from '../answers.ts';

const words = z.strictObject({ en: z.string(), zh: z.string() });
const row = z.enum(['asserted', 'failing', 'data', 'excused', 'long', 'open']);
const verdict = z.enum(['right', 'wrong', 'incomplete', 'refused']);

export const LIST = answer(
  'course',
  'the exercises of the course, and how each stood when it was last checked',
  z.strictObject({
    exercises: z.array(
      z.strictObject({
        id: z.string(),
        title: words,
        rows: z.number().describe('acceptance rows of the source'),
        judgesAnswers: z.boolean(),
        parameters: z.array(z.string()),
        last: z
          .strictObject({ passed: z.boolean(), asserted: z.number(), rows: z.array(row), at: z.string() })
          .nullable(),
      }),
    ),
  }),
);

const cell = z.union([z.string(), z.number()]);

export const EXERCISE = answer(
  'course-exercise',
  'an exercise: what is asked, what its program shows, the explanation',
  z.strictObject({
    id: z.string(),
    title: words,
    asked: words,
    shown: z
      .array(
        z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('line'), text: z.string() }),
          z.strictObject({ kind: z.literal('table'), columns: z.array(z.string()), rows: z.array(z.array(cell)) }),
          z.strictObject({ kind: z.literal('listing'), name: z.string(), text: z.string() }),
          z.strictObject({ kind: z.literal('picture'), name: z.string(), svg: z.string(), alt: z.string() }),
        ]),
      )
      .describe('in the language of --lang'),
    explanation: words,
    claimed: words.nullable().describe('what a widespread answer claims, why it is wrong, what is right'),
    code: z.array(z.strictObject({ path: z.string(), words })),
  }),
);

export const CHECK = answer(
  'course-check',
  'the figures of exercises, each held against what was worked out for it',
  z.strictObject({
    exercises: z.array(
      z.strictObject({
        id: z.string(),
        passed: z.boolean(),
        seconds: z.number(),
        rows: z.array(row).describe('state of each acceptance row, in order'),
        figures: z.array(
          z.strictObject({ what: z.string(), holds: z.boolean(), detail: words, row: z.number().nullable() }),
        ),
        error: z.string().nullable().describe('why the check came to no end'),
      }),
    ),
    passed: z.number(),
    asserted: z.number(),
    rows: z.number(),
    digits: words
      .nullable()
      .describe('which digits were trained on and judged on, and where they lie; null where none'),
  }),
);

const judged = {
  verdict,
  findings: z.array(
    z.strictObject({
      kind: z.string(),
      words,
      line: z.number().nullable().describe('of the program, from 1'),
      column: z.number().nullable(),
      code: z.string().nullable().describe('of the diagnostic that it comes from'),
    }),
  ),
  figures: z.record(z.string(), z.number()),
};

export const JUDGED = answer(
  'course-answer',
  "what is said of a student's answer",
  z.strictObject({ id: z.string(), answer: z.string(), ...judged }),
);

export const GRADES = answer(
  'course-grades',
  'verdicts of the answers of a class',
  z.strictObject({
    exercises: z
      .array(z.string())
      .describe('those that are counted: of --exercises, or all that were handed in and can be judged'),
    students: z.array(
      z.strictObject({
        student: z.string(),
        right: z.number().describe('of the exercises that are counted'),
        answers: z.array(z.strictObject({ id: z.string(), file: z.string(), ...judged })),
      }),
    ),
    ignored: z
      .array(z.strictObject({ file: z.string(), why: words }))
      .describe('files that are no answer to an exercise that can be judged'),
  }),
);
