extension Op {
  /// Multiply-accumulates for one sample: those of convolutions, linear layers and attention products. Biases, batch norm, pooling
  /// and element-wise work count as none (the definition of the language's `macs`). Saturates at `Int.max`.
  package func macs(inputs: [Shape], result: Shape) -> Int {
    switch self {
    case .conv, .convInputGradient, .convWeightGradient:
      // Per result element of the forward convolution: one multiply-add per weight of its output channel.
      let (map, weight): (Shape, Shape) =
        switch self {
        case .conv: (result, inputs[1])
        case .convInputGradient: (inputs[0], inputs[1])
        default: (inputs[1], result)
        }
      let perElement = saturatingProduct(saturatingProduct(weight[1], weight[2]), weight[3])
      return saturatingProduct(map.elementCount, perElement)
    case .linear, .linearInputGradient:
      return inputs[1].elementCount
    case .linearWeightGradient:
      return result.elementCount
    case .attention, .attentionGradient:
      // Scores and weighted values: every place with every place, once each; the gradient has five such products.
      let map = self.isAttention ? result : inputs[1]
      let products = saturatingProduct(saturatingProduct(map.height, map.width), map.elementCount)
      return saturatingProduct(self.isAttention ? 2 : 5, products)
    case .input, .labels, .hyperparameter, .parameter, .state, .zero, .batchNorm, .activation, .maxPool,
      .averagePool, .globalAveragePool, .add, .multiply, .concat, .slice, .channelShuffle, .crop, .pad,
      .upsample, .dropout, .dropPath, .identity, .flatten, .softmaxCrossEntropy, .biasGradient,
      .batchStatistics, .batchNormalize, .batchNormReduce, .batchNormInputGradient, .row, .runningMean,
      .runningVariance, .activationGradient, .maxPoolGradient, .averagePoolGradient,
      .globalAveragePoolGradient, .spatialSum, .embed, .unflatten, .upsampleGradient, .randomMask, .layerNorm,
      .flattenPlaces, .learned, .softmax, .softmaxGradient,
      .layerNormReduce, .layerNormInputGradient, .learnedGradient, .softmaxCrossEntropyGradient, .sgdVelocity,
      .sgdStep, .foldedWeight, .foldedBias, .composedWeight, .composedBias:
      return 0
    }
  }

  private var isAttention: Bool {
    if case .attention = self { true } else { false }
  }

  /// Whether the op is a weighted layer: those are what `depth` counts.
  package var isWeightedLayer: Bool {
    switch self {
    case .conv, .linear: true
    default: false
    }
  }
}
