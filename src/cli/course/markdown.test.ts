/** Markdown with formulas as a terminal shows it. */
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { formulaText, markdownText } from './markdown.ts';

test.each([
  ['\\sigma(x) = \\frac{1}{1 + e^{-x}}', 'σ(x) = 1/(1 + e⁻ˣ)'],
  ['\\frac{\\partial L}{\\partial w} \\le \\sqrt{x^2 + 1}', '(∂ L)/(∂ w) ≤ √(x² + 1)'],
  ['w \\leftarrow w - \\lvert a\\rvert\\bigl(1 - x\\bigr),\\ \\tfrac14 \\dots', 'w ← w − |a|(1 − x), 1/4 …'],
  ['c_t = f \\cdot c_{t-1}', 'cₜ = f ⋅ cₜ₋₁'],
  [
    String.raw`\underbrace{33\cdot 512}_{16896\text{ weights}}+\underbrace{a+b}_{c}`,
    '(33 ⋅ 512 = 16896 weights)+(a+b) [c]',
  ],
  ['\\text{MACs} = 5\\,000 \\times 2', 'MACs = 5 000 × 2'],
  [String.raw`-\log p_\text{label}`, '−log p_label'],
  [String.raw`(X^\mathsf T X + \lambda I)^{-1}`, '(Xᵀ X + λ I)⁻¹'],
  [String.raw`\begin{aligned} a &= 1\\ b &= 2 \end{aligned}`, 'a = 1; b = 2'],
  [String.raw`c \ll 17 \pmod{2^{32}}`, 'c ≪ 17 (mod 2³²)'],
  [String.raw`\frac1n\sum_i x_{array} + r_{in}`, '1/n∑ᵢ x_array + r_in'],
  [String.raw`0.9^{\lfloor s/10 \rfloor} e^{-\lvert z\rvert} a^{\,n-t}g`, '0.9^⌊s/10 ⌋ e^(−|z|) aⁿ⁻ᵗg'],
  [String.raw`W_{l+1}^\top + W_{L+1} + \{x\}`, 'Wₗ₊₁ᵀ + W_(L+1) + {x}'],
])('%s', (tex, text) => expect(formulaText(tex)).toBe(text));

test('marks go, lines break, and Chinese breaks between characters but not before a mark that closes', () => {
  const text = markdownText('**One** `two` [three](x)\n\n$$a^2$$\n\n- a list of words that is long', 20);
  expect(text).toBe('One `two` three (x)\n\n    a²\n\n- a list of words\n  that is long');
  const chinese = markdownText('权重与偏置的数目分别是多少，请逐层计算。', 12).split('\n');
  expect(chinese.every((line) => stringWidth(line) <= 14 && !/^[，。]/.test(line))).toBe(true);
});

test('a block of code keeps its lines', () => {
  expect(markdownText('So:\n\n```\nfor i:\n  y_i += a * b * c\n```\n\nand `a*b*c`.', 20)).toBe(
    'So:\n\n    for i:\n      y_i += a * b * c\n\nand `a*b*c`.',
  );
});

test('a table stands in columns, and emphasis goes over the end of a line', () => {
  expect(markdownText('| a | b |\n|---|---|\n| $x^2$ | y |\n\nSee *a long\nname*, **so *it* is**.', 40)).toBe(
    'a   b\nx²  y\n\nSee a long name, so it is.',
  );
  expect(markdownText(`| head | b |\n|---|---|\n| ${'word '.repeat(12)}| c |`, 30).split('\n').length).toBe(4);
});
