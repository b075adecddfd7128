internal import IRLASGraph

extension Lowering {
  /// The kernel facet of every op: emits the calls that compute a node, or makes it another name of its operand.
  mutating func lower(_ id: NodeID) throws(CompileError) {
    let node = graph[id]
    let shape = node.shape
    let operands = node.inputs.map { operand($0) }
    let inputs = graph.inputShapes(of: id)
    switch node.op {
    case .input, .labels, .hyperparameter, .parameter, .state:
      break  // They have places from the start.
    case .zero:
      emit(.fill, .fill(count: count(of: id), value: 0), [result()], [])
    case .identity, .flattenPlaces:
      alias()
    case .dropout, .dropPath:
      guard !isTraining else {
        throw .needsDifferentiation(node: graph.path(of: id), op: node.op.mnemonic)
      }
      alias()

    case .conv(let convolution):
      let form = form(
        .conv(
          batch: batch, input: inputs[0], output: shape, convolution, hasBias: inputs.count >= 3,
          hasResidual: inputs.count == 4), operands[1], inputs[1])
      let (sizes, read) = normalizing(form.sizes, [operands[0], form.weight] + operands[2...])
      if form.isWinograd {
        let y = result()
        emit(.convWinograd, pitched(sizes, operands, y), [y], read)
      } else if leavesStatistics(id) {
        let (statistics, blocks) = form.sizes.statistics
        let result = result()
        let partials = leave(blocks * 2 * shape.channels, "partials", statistics)
        emit(.convStatistics, pitched(sizes, operands, result), [result, partials], read)
      } else {
        let y = result()
        emit(.convForward, pitched(sizes, operands, y), [y], read)
      }
    case .linear:
      let sizes = KernelSizes.linear(
        batch: batch, inputs: inputs[0].channels, outputs: shape.channels, hasBias: inputs.count == 3)
      let form = form(sizes, operands[1], inputs[1])
      emit(.convForward, form.sizes, [result()], [operands[0], form.weight] + operands[2...])
    case .convInputGradient(let convolution):
      inputGradient(convolution, dy: inputs[0], weight: inputs[1])
    case .linearInputGradient:
      let sizes = KernelSizes.linear(batch: batch, inputs: shape.channels, outputs: inputs[0].channels)
      let reversed = KernelSizes.linear(batch: batch, inputs: inputs[0].channels, outputs: shape.channels)
      inputGradient(sizes, asConvolution: reversed, weight: inputs[1])
    case .convWeightGradient(let convolution):
      let (sizes, splits) = KernelSizes.convWeightGradient(
        batch: batch, input: inputs[0], output: inputs[1], convolution)
      let (read, inputs) = normalizing(
        sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": operands[1].pitch]), operands)
      summed(.convWeightGradient, read, inputs, count: shape.elementCount, splits: splits)
    case .linearWeightGradient:
      let (sizes, splits) = KernelSizes.linearWeightGradient(
        batch: batch, inputs: inputs[0].channels, outputs: inputs[1].channels)
      summed(.convWeightGradient, sizes, operands, count: shape.elementCount, splits: splits)
    case .biasGradient:
      let (sizes, blocks) = KernelSizes.reduction(rows: rows(inputs[0]), channels: inputs[0].channels)
      summed(
        .biasGradientPartial, sizes.pitched(["pitch": operands[0].pitch]), operands,
        count: shape.elementCount,
        splits: blocks)

    case .batchNorm(let norm):
      let (sizes, _) = KernelSizes.norm(rows: rows(shape), channels: shape.channels, epsilon: norm.epsilon)
      let y = result()
      emit(.batchNorm, sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": y.pitch]), [y], operands)
    case .batchNormalize(let epsilon, let activation):
      let (sizes, _) = KernelSizes.norm(
        rows: rows(shape), channels: shape.channels, epsilon: epsilon, activation: activation,
        hasResidual: inputs.count == 5)
      if isLeftToReaders {
        let factors = leaveToReaders(factorCount: 3 * shape.channels)
        emit(.normFactors, sizes, [factors], Array(operands[1...]))
        return
      }
      let y = result()
      let residual = inputs.count == 5 ? operands[4].pitch : nil
      emit(
        .batchNormalize,
        sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": y.pitch, "residual_pitch": residual]), [y],
        operands)
    case .batchStatistics:
      if let (partials, sizes) = left(for: id) {
        emit(.batchStatistics, sizes, [result()], [partials])
        return
      }
      let (rows, channels) = (rows(inputs[0]), inputs[0].channels)
      let (sizes, blocks) = KernelSizes.reduction(rows: rows, channels: channels)
      let partials = temporary(blocks * shape.elementCount, "partials")
      emit(.batchStatisticsPartial, sizes.pitched(["pitch": operands[0].pitch]), [partials], operands)
      emit(
        .batchStatistics, .statistics(rows: rows, channels: channels, blocks: blocks), [result()], [partials])
    case .batchNormReduce(let epsilon, let activation):
      let (sizes, blocks) = KernelSizes.norm(
        rows: rows(inputs[0]), channels: inputs[0].channels, epsilon: epsilon, activation: activation)
      summed(
        .batchNormReducePartial,
        sizes.pitched(["x_pitch": operands[0].pitch, "residual_pitch": operands[1].pitch]), operands,
        count: shape.elementCount, splits: blocks)
    case .batchNormInputGradient(let epsilon, let activation):
      let (sizes, _) = KernelSizes.norm(
        rows: rows(shape), channels: shape.channels, epsilon: epsilon, activation: activation)
      let dx = result()
      emit(
        .batchNormInputGradient,
        sizes.pitched([
          "x_pitch": operands[0].pitch, "residual_pitch": operands[1].pitch, "y_pitch": dx.pitch,
        ]), [dx], operands)
    case .layerNorm(let epsilon):
      let (sizes, _) = KernelSizes.norm(rows: rows(shape), channels: shape.channels, epsilon: epsilon)
      emit(.layerNorm, sizes, [result()], operands)
    case .layerNormReduce(let epsilon):
      let (sizes, blocks) = KernelSizes.norm(
        rows: rows(inputs[0]), channels: inputs[0].channels, epsilon: epsilon)
      summed(.layerNormReducePartial, sizes, operands, count: shape.elementCount, splits: blocks)
    case .layerNormInputGradient(let epsilon):
      let (sizes, _) = KernelSizes.norm(rows: rows(shape), channels: shape.channels, epsilon: epsilon)
      emit(.layerNormInputGradient, sizes, [result()], operands)
    case .attention(let heads):
      emit(.attention, .attention(batch: batch, shape, heads: heads), [result()], operands)
    case .attentionGradient(let heads):
      emit(.attentionGradient, .attention(batch: batch, inputs[1], heads: heads), [result()], operands)
    case .learned:
      spread(operands[0], shape)
    case .learnedGradient:
      collect(operands[0], inputs[0])

    case .runningMean(let momentum):
      let sizes = KernelSizes.running(channels: shape[0], momentum: momentum, count: 1)
      emit(.runningMean, sizes, [result()], operands)
    case .runningVariance(let momentum, let places):
      let sizes = KernelSizes.running(
        channels: shape[0], momentum: momentum, count: saturatingProduct(batch, places))
      emit(.runningVariance, sizes, [result()], operands)
    case .row(let index):
      if graph.isView(id) {
        alias(offset: index * shape[0])
      } else {
        emit(.row, .row(channels: shape[0], index: index), [result()], operands)
      }

    case .activation(let function):
      let y = result()
      let sizes: KernelSizes =
        y.pitch == nil && operands[0].pitch == nil
        ? .elements(count: count(of: id), activation: function)
        : .activation(
          rows: rows(shape), channels: shape.channels, function, y: y.pitch, x: operands[0].pitch)
      emit(.activation, sizes, [y], operands)
    case .activationGradient(let function, let added):
      let dx = result()
      let pitches = operands.map(\.pitch)
      let isDense = dx.pitch == nil && pitches.allSatisfy { $0 == nil }
      let sizes = KernelSizes.gradients(
        rows: isDense ? 1 : rows(shape), channels: isDense ? count(of: id) : shape.channels,
        activation: function, gradients: operands.count - 1 - added, added: added, y: dx.pitch, xs: pitches)
      emit(.activationGradient, sizes, [dx], operands)
    case .softmax, .softmaxGradient:
      let (sizes, _) = KernelSizes.reduction(rows: rows(shape), channels: shape.channels)
      emit(node.op == .softmax ? .softmax : .softmaxGradient, sizes, [result()], operands)
    case .add:
      sum(operands, shape)
    case .multiply:
      let gate: KernelSizes.Gate =
        inputs[0] == inputs[1] ? .equalShape : inputs[1].channels == 1 ? .perSample : .perChannel
      emit(.multiply, .places(batch: batch, inputs[0], gate: gate), [result()], operands)

    case .maxPool(let pool):
      let sizes = KernelSizes.pooling(batch: batch, input: inputs[0], output: shape, pool)
      let y = result()
      emit(.maxPool, sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": y.pitch]), [y], operands)
    case .maxPoolGradient(let pool):
      let sizes = KernelSizes.pooling(batch: batch, input: shape, output: inputs[1], pool)
      emit(
        .maxPoolGradient, sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": operands[1].pitch]),
        [result()], operands)
    case .averagePool(let pool):
      let sizes = KernelSizes.pooling(batch: batch, input: inputs[0], output: shape, pool)
      let y = result()
      emit(.averagePool, sizes.pitched(["x_pitch": operands[0].pitch, "y_pitch": y.pitch]), [y], operands)
    case .averagePoolGradient(let pool):
      let sizes = KernelSizes.pooling(batch: batch, input: shape, output: inputs[0], pool)
      emit(.averagePoolGradient, sizes.pitched(["y_pitch": operands[0].pitch]), [result()], operands)
    case .globalAveragePool:
      emit(.globalAveragePool, .places(batch: batch, inputs[0]), [result()], operands)
    case .spatialSum:
      emit(.spatialSum, .places(batch: batch, inputs[0]), [result()], operands)
    case .globalAveragePoolGradient:
      emit(.globalAveragePoolGradient, .places(batch: batch, shape), [result()], operands)

    case .concat(let axis):
      concat(axis, inputs, operands)
    case .slice(let axis, let start, _):
      if let parts = splitParts(of: id) {
        split(parts, axis, operands[0])
        return
      }
      copy(shape, from: operands[0], inputs[0], at: corner(axis, start), to: result(), shape, at: (0, 0, 0))
    case .crop(let border):
      copy(
        shape, from: operands[0], inputs[0], at: (0, border.top, border.left), to: result(), shape,
        at: (0, 0, 0))
    case .embed(let axis, let start):
      place(operands[0], inputs[0], at: corner(axis, start))
    case .pad(let border):
      place(operands[0], inputs[0], at: (0, border.top, border.left))
    case .flatten:
      if graph.isView(id) {
        alias()
      } else {
        transpose(operands, rows: inputs[0].height * inputs[0].width, columns: inputs[0].channels)
      }
    case .unflatten:
      if graph.isView(id) {
        alias()
      } else {
        transpose(operands, rows: shape.channels, columns: shape.height * shape.width)
      }
    case .channelShuffle(let groups):
      let sizes = KernelSizes.shuffle(rows: rows(shape), channels: shape.channels, groups: groups)
      emit(.channelShuffle, sizes.pitched(["pitch": operands[0].pitch]), [result()], operands)
    case .upsample(let factor):
      emit(.upsample, .upsample(batch: batch, small: inputs[0], factor: factor), [result()], operands)
    case .upsampleGradient(let factor):
      emit(.upsampleGradient, .upsample(batch: batch, small: shape, factor: factor), [result()], operands)

    case .randomMask(let rate, let stream):
      let key = randomKeyOperand()
      emit(.randomMask, .mask(count: count(of: id), stream: stream, rate: rate), [result()], [key])
    case .softmaxCrossEntropy(let smoothing, let weight):
      let sizes = KernelSizes.loss(
        batch: batch, classes: inputs[0].channels, smoothing: smoothing, weight: weight)
      emit(.softmaxCrossEntropy, sizes, [result()], operands)
    case .softmaxCrossEntropyGradient(let smoothing, let weight):
      let sizes = KernelSizes.loss(
        batch: batch, classes: inputs[0].channels, smoothing: smoothing, weight: weight)
      emit(.softmaxCrossEntropyGradient, sizes, [result()], operands)

    case .sgdVelocity(let momentum, let decay):
      let sizes = KernelSizes.sgd(
        count: shape.elementCount, momentum: momentum, decay: decay, nesterov: false, hasVelocity: true)
      emit(.sgdVelocity, sizes, [result()], operands)
    case .sgdStep(let step):
      let sizes = KernelSizes.sgd(
        count: shape.elementCount, momentum: step.momentum, decay: step.decay, nesterov: step.nesterov,
        hasVelocity: inputs.count == 4)
      emit(.sgdStep, sizes, [result()], operands)

    case .foldedWeight(let epsilon):
      let sizes = KernelSizes.fold(
        weight: shape, groups: packing(of: id).groups, hasBias: false, epsilon: epsilon)
      emit(.foldedWeight, sizes, [result()], operands)
    case .foldedBias(let epsilon):
      let sizes = KernelSizes.fold(weight: shape, groups: 1, hasBias: inputs.count == 5, epsilon: epsilon)
      emit(.foldedBias, sizes, [result()], operands)
    case .composedWeight(let groups):
      let sizes = KernelSizes.composition(
        inputs: shape[1], middle: inputs[1][0], outputs: shape[0], groups: groups, hasBias: false)
      emit(.composedWeight, sizes, [result()], operands)
    case .composedBias:
      let sizes = KernelSizes.composition(
        inputs: 0, middle: inputs[0][1], outputs: shape[0], groups: 1, hasBias: inputs.count == 3)
      emit(.composedBias, sizes, [result()], operands)
    }
  }

  // MARK: Patterns of calls

  /// The number of places of a map in the whole batch.
  private func rows(_ map: Shape) -> Int { batch * map.height * map.width }

  /// A kernel that leaves `splits` partial results, and their sum in order.
  private mutating func summed(
    _ kernel: Kernel, _ sizes: KernelSizes, _ inputs: [ExecutionPlan.Operand], count: Int, splits: Int
  ) {
    guard splits > 1 else {
      emit(kernel, sizes, [result()], inputs)
      return
    }
    let partials = temporary(splits * count, "partials")
    emit(kernel, sizes, [partials], inputs)
    emit(.sumPartials, .partials(count: count, splits: splits), [result()], [partials])
  }

  /// The gradient of the current node's convolution with respect to its input. At stride 1 it is a convolution itself: of
  /// dy, padded by the window's reach less the padding.
  private mutating func inputGradient(_ convolution: Convolution, dy: Shape, weight: Shape) {
    let shape = graph[current].shape
    let sizes = KernelSizes.conv(batch: batch, input: shape, output: dy, convolution)
    var window = convolution.window
    window.padding = Border(
      top: window.dilation.height * (window.kernelSize.height - 1) - window.padding.top,
      left: window.dilation.width * (window.kernelSize.width - 1) - window.padding.left)
    let reversed = KernelSizes.conv(
      batch: batch, input: dy, output: shape, Convolution(window: window, groups: convolution.groups))
    inputGradient(sizes, asConvolution: window.stride == .one ? reversed : nil, weight: weight)
  }

  /// The gradient with respect to the input of a convolution of these sizes, with the transposed weight.
  private mutating func inputGradient(
    _ sizes: KernelSizes, asConvolution reversed: KernelSizes?, weight: Shape
  ) {
    let operands = graph[current].inputs.map { operand($0) }
    let transposed = temporary(weight.elementCount, "transposed")
    emit(.weightTranspose, sizes, [transposed], [operands[1]])
    var shape = weight
    (shape[0], shape[1]) = (weight[1] * sizes.groups, weight[0] / sizes.groups)
    if let reversed, let form = gradientForm(reversed, transposed, shape) {
      let kernel = form.isWinograd ? Kernel.convWinograd : .convForward
      let dx = result()
      emit(kernel, pitched(form.sizes, operands, dx), [dx], [operands[0], form.weight])
    } else {
      let dx = result()
      emit(
        .convInputGradient, sizes.pitched(["x_pitch": dx.pitch, "y_pitch": operands[0].pitch]), [dx],
        [operands[0], transposed])
    }
  }

  /// The sum of maps from the first on: in one call, or, where some of many are parts of larger maps, in several that go on
  /// with the sum so far.
  private mutating func sum(_ operands: [ExecutionPlan.Operand], _ shape: Shape) {
    let hasPitch = operands.contains { $0.pitch != nil } || isPart
    let isLong = hasPitch && operands.count > KernelSizes.mostParts
    // Of several calls the first would destroy what a later one reads.
    let y = result(mayOverwrite: !isLong)
    guard hasPitch else {
      emit(
        .add, .maps(rows: 1, channels: count(of: current), y: nil, xs: operands.map(\.pitch)), [y], operands)
      return
    }
    var summed: [ExecutionPlan.Operand] = []
    var rest = operands[...]
    while !rest.isEmpty {
      let terms = summed + rest.prefix(KernelSizes.mostParts - summed.count)
      rest = rest.dropFirst(terms.count - summed.count)
      emit(
        .add, .maps(rows: rows(shape), channels: shape.channels, y: y.pitch, xs: terms.map(\.pitch)), [y],
        terms)
      summed = [y]
    }
  }

  /// Copies what is not yet in its place.
  private mutating func concat(_ axis: Axis, _ shapes: [Shape], _ inputs: [ExecutionPlan.Operand]) {
    let whole = graph[current].shape
    let target = result()
    var starts: [Int] = []
    for shape in shapes { starts.append((starts.last ?? 0) + shape[axis.rawValue]) }
    for (index, shape) in shapes.enumerated() { starts[index] -= shape[axis.rawValue] }
    let missing = inputs.indices.filter { index in
      var place = target
      place.offset += starts[index]
      place.pitch = target.pitch ?? whole.channels
      return axis != .channel || inputs[index] != place
    }
    if missing.count == inputs.count, shapes.count <= KernelSizes.mostParts {
      let sizes = KernelSizes.join(
        batch: batch, shapes, axis, whole: target.pitch, pitches: inputs.map(\.pitch))
      emit(.concat, sizes, [target], inputs)
      return
    }
    for index in missing {
      copy(
        shapes[index], from: inputs[index], shapes[index], at: (0, 0, 0), to: target, whole,
        at: corner(axis, starts[index]))
    }
  }

  /// The result takes a channel of each value in turn.
  mutating func interleave(_ values: [NodeID]) {
    let shape = graph[values[0]].shape
    let inputs = values.map { operand($0) }
    let y = result()
    emit(
      .interleave,
      .maps(
        rows: rows(shape), channels: shape.channels, y: y.pitch ?? graph[current].shape.channels,
        xs: inputs.map(\.pitch)), [y], inputs)
  }

  /// Copies a block of a map of shape `from` to one of a map of shape `to`; offsets are (channel, row, column).
  private mutating func copy(
    _ size: Shape, from: ExecutionPlan.Operand, _ source: Shape, at start: (Int, Int, Int),
    to: ExecutionPlan.Operand, _ target: Shape, at end: (Int, Int, Int)
  ) {
    var (batch, shapes) = (batch, [size, source, target])
    if shapes.allSatisfy({ $0.height == size.height && $0.width == size.width }) {
      // Rows of all samples are alike: more of them can be copied at once.
      batch *= size.height
      for index in shapes.indices { shapes[index][Axis.height.rawValue] = 1 }
    }
    let sizes = KernelSizes.copy(
      batch: batch, size: shapes[0], from: shapes[1], at: start, pitch: from.pitch, to: shapes[2], at: end,
      pitch: to.pitch)
    emit(.copy, sizes, [to], [from])
  }

  /// The sizes of a convolution with operands x, weight, bias and residual, as they lie in memory.
  private func pitched(
    _ sizes: KernelSizes, _ operands: [ExecutionPlan.Operand], _ y: ExecutionPlan.Operand
  ) -> KernelSizes {
    sizes.pitched([
      "x_pitch": operands[0].pitch, "y_pitch": y.pitch,
      "residual_pitch": operands.count == 4 ? operands[3].pitch : nil,
    ])
  }

  /// All slices of a value in one call, with the first of them.
  private mutating func split(_ parts: [NodeID], _ axis: Axis, _ input: ExecutionPlan.Operand) {
    guard !isPlaced(current) else { return }
    let results = parts.map { result(of: $0) }
    let sizes = KernelSizes.join(batch: batch, parts.map { graph[$0].shape }, axis, whole: input.pitch)
    emit(.split, sizes, results, [input])
  }

  /// The operand at a place among zeros.
  private mutating func place(_ input: ExecutionPlan.Operand, _ shape: Shape, at corner: (Int, Int, Int)) {
    let whole = graph[current].shape
    let target = result()
    emit(.fill, .fill(count: count(of: current), value: 0), [target], [])
    copy(shape, from: input, shape, at: (0, 0, 0), to: target, whole, at: corner)
  }

  /// A tensor in PyTorch's order as the same map for every sample: channels go innermost, then copies are made.
  private mutating func spread(_ value: ExecutionPlan.Operand, _ map: Shape) {
    var source = value
    if map.channels > 1, map.height * map.width > 1 {
      source = temporary(map.elementCount, "interleaved")
      emit(
        .transpose, .transpose(batch: 1, rows: map.channels, columns: map.height * map.width), [source],
        [value])
    }
    emit(.copy, .copies(batch: batch, map), [result()], [source])
  }

  /// The sum of a map over the batch, in PyTorch's order.
  private mutating func collect(_ dy: ExecutionPlan.Operand, _ map: Shape) {
    let count = map.elementCount
    let isOneLine = map.channels == 1 || map.height * map.width == 1
    let sum = isOneLine ? result() : temporary(count, "sum")
    emit(.sumPartials, .partials(count: count, splits: batch), [sum], [dy])
    guard !isOneLine else { return }
    emit(
      .transpose, .transpose(batch: 1, rows: map.height * map.width, columns: map.channels), [result()],
      [sum])
  }

  private mutating func transpose(_ inputs: [ExecutionPlan.Operand], rows: Int, columns: Int) {
    emit(.transpose, .transpose(batch: batch, rows: rows, columns: columns), [result()], inputs)
  }

  /// The offset (channel, row, column) of a place along an axis.
  private func corner(_ axis: Axis, _ start: Int) -> (Int, Int, Int) {
    switch axis {
    case .channel: (start, 0, 0)
    case .height: (0, start, 0)
    case .width: (0, 0, start)
    }
  }
}
