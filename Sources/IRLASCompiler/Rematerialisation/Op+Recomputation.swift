internal import IRLASGraph

extension Op {
  /// Whether a node may be computed a second time within a step and gives the same bits: a mask by the same stream, a
  /// convolution by the same kernel.
  ///
  /// Batch statistics may not: their order of summation is that of whoever made the map. They are a few numbers, and
  /// are kept. Nothing that belongs to the backward pass or the update may.
  var mayBeRecomputed: Bool {
    switch self {
    case .zero, .conv, .linear, .layerNorm, .attention, .activation, .softmax, .maxPool, .averagePool,
      .globalAveragePool, .add, .multiply, .concat, .slice, .channelShuffle, .crop, .pad, .upsample,
      .identity,
      .flatten, .flattenPlaces, .learned, .batchNormalize, .row, .spatialSum, .embed, .unflatten, .randomMask:
      true
    case .input, .labels, .hyperparameter, .parameter, .state, .batchNorm, .dropout, .dropPath,
      .softmaxCrossEntropy, .convInputGradient, .convWeightGradient, .biasGradient, .linearInputGradient,
      .linearWeightGradient, .batchStatistics, .batchNormReduce, .batchNormInputGradient, .layerNormReduce,
      .layerNormInputGradient, .attentionGradient, .runningMean, .runningVariance, .activationGradient,
      .softmaxGradient, .maxPoolGradient, .averagePoolGradient, .globalAveragePoolGradient, .learnedGradient,
      .upsampleGradient, .softmaxCrossEntropyGradient, .sgdVelocity, .sgdStep, .foldedWeight, .foldedBias,
      .composedWeight, .composedBias:
      false
    }
  }
}
