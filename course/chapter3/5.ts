/**
 * Exercise 3.5: what an SVM and AlexNet have to compute on ImageNet. A linear SVM, one against the rest, has a product with 1000 vectors for
 * each image: a fifth of AlexNet's work, with hopeless accuracy. A kernel SVM compares each image with its support vectors, and there can
 * be as many as training images: 266 times AlexNet. Training needs the kernel of every pair, quadratic in the number of images, where
 * AlexNet's is linear: its work is fixed by its topology, with weights shared across places, the SVM's by its support vectors.
 * The kernel matrix is symmetric: MACs count its half with the diagonal, bytes the whole matrix in f32. A training step is counted as
 * three forward passes (forward, gradient of the activations, gradient of the weights).
 */

import type { Exercise } from 'systole/course';
import { layerMacs, PAPER_ALEXNET } from 'systole/report';

export const IMAGENET = { images: 1281167n, values: 150528n, classes: 1000n } as const;

/** MACs and bytes of an SVM over n images of d values with `classes` classes and `supportVectors` support vectors. */
export function svmCost({
  n,
  d,
  classes,
  supportVectors,
}: Readonly<Record<'n' | 'd' | 'classes' | 'supportVectors', bigint>>) {
  return {
    linearPerImage: classes * d,
    kernelPerImage: supportVectors * d,
    kernelMatrixMacs: ((n * (n + 1n)) / 2n) * d,
    kernelMatrixBytes: 4n * n * n,
  };
}

/** MACs of training a network: three times the forward pass for each image of each epoch. */
export const trainingMacs = (forward: bigint, images: bigint, epochs: bigint): bigint => 3n * forward * images * epochs;

export const ALEXNET_MACS = BigInt(PAPER_ALEXNET.reduce((sum, layer) => sum + layerMacs(layer), 0));

export const exercise: Exercise = {
  id: '3.5',
  title: { en: 'SVM and AlexNet on ImageNet', zh: 'SVM 和 AlexNet 解决 ImageNet 分类时对计算量的需求及原因' },
  rows: 4,
  show({ print }) {
    const svm = svmCost({
      n: IMAGENET.images,
      d: IMAGENET.values,
      classes: IMAGENET.classes,
      supportVectors: IMAGENET.images,
    });
    const times = (macs: bigint): string => `${(Number(macs) / Number(ALEXNET_MACS)).toPrecision(4)} × AlexNet`;
    print(`an image: AlexNet ${ALEXNET_MACS} MACs; linear SVM ${svm.linearPerImage} (${times(svm.linearPerImage)})`);
    print(`  kernel SVM, every image a support vector: ${svm.kernelPerImage} (${times(svm.kernelPerImage)})`);
    print(
      `training: kernel matrix ${svm.kernelMatrixMacs} MACs and ${Number(svm.kernelMatrixBytes) / 1e12} TB, before any solver`,
    );
    print(`  AlexNet, 90 epochs: ${trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n)} MACs`);
  },
  check({ equal, close }) {
    const svm = svmCost({
      n: IMAGENET.images,
      d: IMAGENET.values,
      classes: IMAGENET.classes,
      supportVectors: IMAGENET.images,
    });
    equal('linear SVM, MACs an image', svm.linearPerImage, 150528000n);
    close('AlexNet over linear SVM', Number(ALEXNET_MACS) / Number(svm.linearPerImage), 4.812438988095238, 1e-9);
    equal('kernel SVM, MACs an image', svm.kernelPerImage, 192851506176n);
    equal('kernel matrix, MACs', svm.kernelMatrixMacs, 123537589232246784n);
    equal('kernel matrix, bytes', svm.kernelMatrixBytes, 6565555527556n);
    equal('training AlexNet, MACs', trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n), 250583248953253440n);
  },
};
