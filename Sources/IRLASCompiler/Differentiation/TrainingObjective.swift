package import IRLASGraph

/// What one training step minimises and how it moves the parameters.
///
/// The learning rate is not part of it: it is a hyperparameter of the training graph, set before each step.
package struct TrainingObjective: Hashable, Sendable {
  /// What happens to the gradients of the parameters.
  package enum Update: Hashable, Sendable {
    /// Stochastic gradient descent with PyTorch's conventions: `g = gradient + decay * p`,
    /// `v = momentum * v + g`, `p = p - rate * (nesterov ? g + momentum * v : v)`.
    case sgd(momentum: Double, nesterov: Bool, decay: Double)
    /// None: the gradient of every parameter becomes an output called `<path of the parameter>.grad`.
    case none
  }

  /// The label smoothing of the cross entropy, at least 0 and below 1.
  package var smoothing: Double
  package var update: Update

  package init(smoothing: Double = 0, update: Update) {
    self.smoothing = smoothing
    self.update = update
  }

  /// The objective of a recipe.
  package init(_ recipe: Recipe) {
    switch recipe.loss {
    case .crossEntropy(let smoothing): self.smoothing = smoothing
    }
    switch recipe.optimizer {
    case .sgd(_, let momentum, let nesterov, let decay):
      update = .sgd(momentum: momentum, nesterov: nesterov, decay: decay)
    }
  }
}

/// Why a graph has no training graph.
package enum DifferentiationError: Error, Hashable, Sendable {
  /// The graph has no output, or several.
  case outputCount(Int)
  /// The output is not a vector of class scores `[k, 1, 1]`.
  case notLogits(output: String, shape: Shape)
  /// The graph updates something already: it is not a forward graph.
  case updatesAlready
  /// A node that only training or inference graphs have.
  case notForward(node: String, op: String)
  /// No parameter influences the output.
  case nothingToLearn
  /// An op cannot be applied where its gradient rule needs it.
  case shape(node: String, ShapeIssue)
}

extension DifferentiationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .outputCount(let count): "training needs one output, the class scores; the network has \(count)"
    case .notLogits(let output, let shape):
      "training needs class scores [k, 1, 1]; the output '\(output)' has shape \(shape)"
    case .updatesAlready: "the graph updates parameters or states already"
    case .notForward(let node, let op): "'\(op)' at \(node) does not belong in a forward graph"
    case .nothingToLearn: "no parameter influences the output"
    case .shape(let node, let issue): "the gradient of \(node): \(issue)"
    }
  }
}
