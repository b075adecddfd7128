internal import IRLASGraph

extension Lowering {
  /// How a convolution is computed: with which sizes, and with its weight in which form.
  struct ConvolutionForm {
    var sizes: KernelSizes
    var weight: ExecutionPlan.Operand
    var isWinograd: Bool
  }

  /// Chooses the form of a convolution, and makes its weight: in the prepare phase if it is constant, else now.
  ///
  /// - Parameters:
  ///   - sizes: the convolution's.
  ///   - weight: its weight, or of an input gradient the transposed weight, of this shape.
  mutating func form(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape
  ) -> ConvolutionForm {
    formed(sizes, weight, shape, isGradient: false)
      ?? ConvolutionForm(sizes: sizes, weight: weight, isWinograd: false)
  }

  /// As `form`, for an input gradient; nil where it is better not computed as a convolution.
  mutating func gradientForm(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape
  ) -> ConvolutionForm? {
    formed(sizes, weight, shape, isGradient: true)
  }

  /// The weight of a 1x1 convolution in the form that `separable` reads.
  mutating func pointwiseWeight(_ weight: ExecutionPlan.Operand, of id: NodeID) -> ExecutionPlan.Operand {
    guard precision == .bfloat16 else { return weight }
    let shape = graph[graph[id].inputs[1]].shape
    let sizes = WeightPacking(groups: 1).sizes(of: shape)
    guard let count = sizes.roundedWeightCount else { return weight }
    return self.weight(weight, shape, by: .bf16Weight, groups: 1, count: count, isConstant: true)
  }

  private mutating func formed(
    _ sizes: KernelSizes, _ weight: ExecutionPlan.Operand, _ shape: Shape, isGradient: Bool
  ) -> ConvolutionForm? {
    let space = buffers[weight.buffer].space
    let isConstant = !isTraining && (space == .persistent || space == .prepared)
    let rounded = precision == .bfloat16 ? sizes.roundedWeightCount : nil
    let chosen = rounded == nil ? sizes : sizes.withPairs(true)
    let kernel: Kernel
    let count: Int
    if winograd == .auto, let size = chosen.winogradWeightCount,
      let form = KernelForm.winograd(of: chosen, isGradient: isGradient, changing: !isConstant),
      rule.takes(form)
    {
      taken.append((form, current))
      (kernel, count) = (isGradient ? .winogradGradientWeight : .winogradWeight, size)
    } else if let rounded {
      (kernel, count) = (isGradient ? .bf16GradientWeight : .bf16Weight, rounded)
    } else {
      return nil
    }
    let isWinograd = kernel == .winogradWeight || kernel == .winogradGradientWeight
    let made = self.weight(
      weight, shape, by: kernel, groups: sizes.groups, count: count, isConstant: isConstant)
    return ConvolutionForm(sizes: isWinograd ? sizes : chosen, weight: made, isWinograd: isWinograd)
  }

  /// The forms taken, with the nodes whose calls depend on them. Winograd's kernel leaves no statistics, so that batch norm needs a pass
  /// of its own for them, and does not normalise what it reads, on which all readers of the same map depend.
  var takenForms: [ExecutionPlan.TakenForm] {
    let consumers = graph.consumers()
    return taken.map { form, id in
      var nodes = [id]
      switch form {
      case .separable: nodes += separables[id]?.inner ?? []
      case .winograd:
        if let reader = statisticsReaders[id]?.reader { nodes.append(reader) }
        let x = graph[id].inputs[0]
        if isTraining, case .conv = graph[id].op, case .batchNormalize = graph[x].op {
          nodes += [x] + consumers[x.index]
        }
      }
      return ExecutionPlan.TakenForm(form: form, nodes: nodes)
    }
  }
}
