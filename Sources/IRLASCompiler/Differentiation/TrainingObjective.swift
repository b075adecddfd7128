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

  /// Which parameters are trained. The others keep their values; no gradient is computed for them.
  package enum Trained: Hashable, Sendable {
    case all
    /// Those with the given paths.
    case only(Set<String>)
    /// All but those with the given paths.
    case allBut(Set<String>)

    /// Whether the parameter of that path is trained.
    package func includes(_ path: String) -> Bool {
      switch self {
      case .all: true
      case .only(let paths): paths.contains(path)
      case .allBut(let paths): !paths.contains(path)
      }
    }
  }

  package var loss: Recipe.Loss
  package var update: Update
  package var trained: Trained

  package init(loss: Recipe.Loss, update: Update, trained: Trained = .all) {
    self.loss = loss
    self.update = update
    self.trained = trained
  }

  /// The cross entropy of the only output, with label smoothing of at least 0 and below 1.
  package init(smoothing: Double = 0, update: Update) {
    self.init(loss: .crossEntropy(smoothing: smoothing), update: update)
  }

  /// The objective of a recipe.
  package init(_ recipe: Recipe, trained: Trained = .all) {
    loss = recipe.loss
    self.trained = trained
    switch recipe.optimizer {
    case .sgd(_, let momentum, let nesterov, let decay):
      update = .sgd(momentum: momentum, nesterov: nesterov, decay: decay)
    }
  }
}

/// Why a graph has no training graph.
package enum DifferentiationError: Error, Hashable, Sendable {
  /// The graph has no output, or several, and the loss does not say which it is of.
  case outputCount(Int)
  /// The loss is of an output that the graph does not have.
  case noOutput(String, outputs: [String])
  /// An output that is not auxiliary is in no term of the loss.
  case untrained(output: String)
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
    case .outputCount(let count):
      "the loss does not say which output it is of, and the network has \(count): cross_entropy(of: ...)"
    case .noOutput(let name, let outputs):
      "the loss is of '\(name)', but the network's outputs are \(outputs.joined(separator: ", "))"
    case .untrained(let output): "the output '\(output)' is in no term of the loss"
    case .notLogits(let output, let shape):
      "training needs class scores [k, 1, 1]; the output '\(output)' has shape \(shape)"
    case .updatesAlready: "the graph updates parameters or states already"
    case .notForward(let node, let op): "'\(op)' at \(node) does not belong in a forward graph"
    case .nothingToLearn: "no parameter influences the output"
    case .shape(let node, let issue): "the gradient of \(node): \(issue)"
    }
  }
}
