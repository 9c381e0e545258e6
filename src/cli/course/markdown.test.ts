/** Markdown with formulas as a terminal shows it. */
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { formulaText, markdownText } from './markdown.ts';

test.each([
  ['\\sigma(x) = \\frac{1}{1 + e^{-x}}', 'σ(x) = 1/(1 + e⁻ˣ)'],
  ['\\frac{\\partial L}{\\partial w} \\le \\sqrt{x^2 + 1}', '(∂ L)/(∂ w) ≤ √(x² + 1)'],
  ['w \\leftarrow w - \\lvert a\\rvert\\bigl(1 - x\\bigr),\\ \\tfrac14 \\dots', 'w ← w − |a|(1 − x), 1/4 …'],
  ['c_t = f \\cdot c_{t-1}', 'cₜ = f ⋅ cₜ₋₁'],
  ['\\text{MACs} = 5\\,000 \\times 2', 'MACs = 5 000 × 2'],
  [String.raw`-\log p_\text{label}`, '−log p_label'],
  [String.raw`(X^\mathsf T X + \lambda I)^{-1}`, '(Xᵀ X + λ I)⁻¹'],
  [String.raw`\begin{aligned} a &= 1\\ b &= 2 \end{aligned}`, 'a = 1; b = 2'],
  [String.raw`c \ll 17 \pmod{2^{32}}`, 'c ≪ 17 (mod 2³²)'],
])('%s', (tex, text) => expect(formulaText(tex)).toBe(text));

test('marks go, lines break, and Chinese breaks between characters but not before a mark that closes', () => {
  const text = markdownText('**One** `two` [three](x)\n\n$$a^2$$\n\n- a list of words that is long', 20);
  expect(text).toBe('One `two` three (x)\n\n    a²\n\n- a list of words\n  that is long');
  const chinese = markdownText('权重与偏置的数目分别是多少，请逐层计算。', 12).split('\n');
  expect(chinese.every((line) => stringWidth(line) <= 14 && !/^[，。]/.test(line))).toBe(true);
});
