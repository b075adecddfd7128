package import IRLASGraph

/// A way to compute something that is not the plain one: its results may differ in the last bits, and whether it is faster is a
/// question of sizes and of the machine.
///
/// Equal forms are chosen alike wherever they stand.
package enum KernelForm: Hashable, Sendable {
  /// A convolution of these sizes by Winograd's method.
  ///
  /// - Parameters:
  ///   - sizes: without what is done to the results.
  ///   - isGradient: whether it is that of an input gradient.
  ///   - changing: whether its weight is transformed for every call.
  case winograd(_ sizes: KernelSizes, isGradient: Bool, changing: Bool)
  /// A 1x1 convolution of these sizes, or the gradient of its input, by Strassen's method.
  case strassen(_ sizes: KernelSizes, changing: Bool)
  /// A depthwise convolution in strips, together with the 1x1 convolutions around it.
  case separable(_ sizes: KernelSizes)

  /// Whether its kernel copies what it reads, and so can normalise it on the way.
  var copiesInput: Bool {
    if case .strassen = self { true } else { false }
  }

  /// Whether it is faster by the estimate from the sizes alone.
  var isEstimatedFaster: Bool {
    switch self {
    case .winograd(let sizes, _, let changing): sizes.winogradIsBetter(changing: changing)
    case .strassen(let sizes, let changing): sizes.strassenIsBetter(changing: changing)
    case .separable(let sizes): sizes.separableIsBetter
    }
  }
}

extension Methods {
  /// The form of a convolution of these sizes; nil where only the direct kernel can compute it.
  func form(of sizes: KernelSizes, isGradient: Bool, changing: Bool) -> KernelForm? {
    if winograd == .auto, sizes.winogradWeightCount != nil {
      .winograd(sizes.withoutEpilogue, isGradient: isGradient, changing: changing)
    } else if strassen == .auto, sizes.strassenWeightCount != nil {
      .strassen(sizes.withoutEpilogue, changing: changing)
    } else {
      nil
    }
  }
}

/// Which forms a plan takes, of those that are possible.
package enum FormRule: Hashable, Sendable {
  /// Those that are estimated to be faster, from their sizes alone.
  case estimated
  case everywhere
  case nowhere
  /// These. Looked up only.
  case exactly(Set<KernelForm>)

  func takes(_ form: KernelForm) -> Bool {
    switch self {
    case .estimated: form.isEstimatedFaster
    case .everywhere: true
    case .nowhere: false
    case .exactly(let forms): forms.contains(form)
    }
  }
}

extension ExecutionPlan {
  /// A form that a plan takes.
  package struct TakenForm: Hashable, Sendable {
    package let form: KernelForm
    /// The nodes whose calls depend on that.
    package let nodes: [NodeID]
  }
}
