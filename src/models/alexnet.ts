/**
 * AlexNet in two forms. As the paper has it (Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural
 * Networks, 2012): two towers that meet in conv3 and the fully connected layers, over 227 × 227; names are Caffe's. And as torchvision
 * has it (Krizhevsky, One weird trick, 2014): one narrower tower over 224 × 224, without normalisation, with torchvision's names.
 */
import { concat, localResponseNorm, nn, split, type Tensor } from '#tensor';
import { dropout, gaussian, initialised, type NetworkOptions } from './options.ts';

const [CONV, CLASSIFIER] = [6, 4096];

/** torchvision's. */
export function alexnet(options: NetworkOptions = {}): nn.Sequential {
  const { classes = 1000 } = options;
  return initialised(
    () =>
      new nn.Sequential({
        features: new nn.Sequential(
          new nn.Conv(3, 64, 11, { stride: 4, padding: 2 }),
          nn.relu(),
          nn.maxPool(3, { stride: 2 }),
          new nn.Conv(64, 192, 5, { padding: 2 }),
          nn.relu(),
          nn.maxPool(3, { stride: 2 }),
          new nn.Conv(192, 384, 3, { padding: 1 }),
          nn.relu(),
          new nn.Conv(384, 256, 3, { padding: 1 }),
          nn.relu(),
          new nn.Conv(256, 256, 3, { padding: 1 }),
          nn.relu(),
          nn.maxPool(3, { stride: 2 }),
        ),
        avgpool: nn.adaptiveAvgPool(CONV),
        flatten: nn.flatten(),
        classifier: new nn.Sequential(
          dropout(options),
          new nn.Linear(256 * CONV * CONV, CLASSIFIER),
          nn.relu(),
          dropout(options),
          new nn.Linear(CLASSIFIER, CLASSIFIER),
          nn.relu(),
          new nn.Linear(CLASSIFIER, classes),
        ),
      }),
    options,
  );
}

export interface PaperAlexNetOptions extends NetworkOptions {
  /** false: one tower of the same widths, each map seeing all before it (62378344 parameters). */
  readonly towers?: boolean;
}

/** Normalisation across five neighbouring maps (k = 2, α = 10⁻⁴, β = 3/4), in each tower by itself: ONNX divides α by the size. */
const normalised = (towers: number): nn.Module =>
  new nn.Lambda((x: Tensor) => {
    const normalise = (t: Tensor): Tensor => localResponseNorm(t, 5, 5 * 1e-4, 0.75, 2);
    return towers === 1 ? normalise(x) : concat(split(x, towers, 1).map(normalise), 1);
  });

/** The paper's. Initial weights are normal with deviation 0.01, biases 1 where the paper says so. */
export function alexnetPaper(options: PaperAlexNetOptions = {}): nn.Sequential {
  const { classes = 1000, towers = true } = options;
  const groups = towers ? 2 : 1;
  const network = initialised(
    () =>
      new nn.Sequential({
        conv1: new nn.Conv(3, 96, 11, { stride: 4 }),
        relu1: nn.relu(),
        norm1: normalised(groups),
        pool1: nn.maxPool(3, { stride: 2 }),
        conv2: new nn.Conv(96, 256, 5, { padding: 2, groups }),
        relu2: nn.relu(),
        norm2: normalised(groups),
        pool2: nn.maxPool(3, { stride: 2 }),
        conv3: new nn.Conv(256, 384, 3, { padding: 1 }),
        relu3: nn.relu(),
        conv4: new nn.Conv(384, 384, 3, { padding: 1, groups }),
        relu4: nn.relu(),
        conv5: new nn.Conv(384, 256, 3, { padding: 1, groups }),
        relu5: nn.relu(),
        pool5: nn.maxPool(3, { stride: 2 }),
        flatten: nn.flatten(),
        fc6: new nn.Linear(256 * CONV * CONV, CLASSIFIER),
        relu6: nn.relu(),
        drop6: dropout(options),
        fc7: new nn.Linear(CLASSIFIER, CLASSIFIER),
        relu7: nn.relu(),
        drop7: dropout(options),
        fc8: new nn.Linear(CLASSIFIER, classes),
      }),
    options,
    { conv: gaussian(0.01), linear: gaussian(0.01), convBias: 0, linearBias: 0 },
  );
  const ones = new Set(['conv2.bias', 'conv4.bias', 'conv5.bias', 'fc6.bias', 'fc7.bias']);
  for (const [name, v] of network.variables()) if (ones.has(name)) v.set(nn.init.constantData(v.shape, 1));
  return network;
}
