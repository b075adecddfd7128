/// How a space is searched: what a program's `search` says, as plain values. The front end makes it, the search
/// follows it.
package struct SearchPlan: Hashable, Sendable {
  /// A module of the program with the values of its parameters, as text.
  package struct Use: Hashable, Sendable, CustomStringConvertible {
    /// The network or space.
    package let name: String
    /// Values for its parameters.
    package let arguments: [Argument]

    /// A parameter with its value as program text.
    package struct Argument: Hashable, Sendable {
      package let name: String
      package let value: String
      package init(name: String, value: String) {
        self.name = name
        self.value = value
      }
    }

    package init(name: String, arguments: [Argument] = []) {
      self.name = name
      self.arguments = arguments
    }

    package var description: String {
      if arguments.isEmpty { return name }
      return "\(name)(\(arguments.map { "\($0.name): \($0.value)" }.joined(separator: ", ")))"
    }
  }

  /// How the reward is learned from the experts.
  package struct Mirror: Hashable, Sendable {
    /// How feature expectations are matched (inverse reinforcement learning).
    package enum Method: String, CaseIterable, Hashable, Sendable {
      /// Ziebart et al., 2008.
      case maximumEntropy = "max_entropy"
      /// Ratliff et al., 2006.
      case maximumMargin = "max_margin"
      /// Abbeel and Ng, 2004: the method of the IRLAS paper.
      case projection
    }

    /// When a block is rewarded for its likeness to the expert.
    package enum Mode: String, CaseIterable, Hashable, Sendable {
      /// Once, as a whole.
      case terminal
      /// Layer by layer.
      case perStep = "per_step"
      /// Layer by layer, as differences of a potential: the best block stays the best.
      case potential
    }

    package var method: Method
    /// The weight beside the accuracy: one for all experts, or one for each.
    package var weights: [Double]
    package var mode: Mode
    /// Whether the weight falls to 0 over the last half of the search.
    package var anneals: Bool

    package init(method: Method, weights: [Double], mode: Mode, anneals: Bool) {
      self.method = method
      self.weights = weights
      self.mode = mode
      self.anneals = anneals
    }
  }

  /// A figure that is made as large or as small as possible, or limited.
  package enum Figure: Hashable, Sendable {
    /// The share of right answers on the validation images after training by the recipe.
    case accuracy(recipe: String)
    /// The median time of one batch on this machine, in seconds.
    case latency(batch: Int)
    /// The memory of a batch while running, in bytes.
    case memory(batch: Int)
    case params
    case macs
    case depth
  }

  /// What is sought.
  package struct Reward: Hashable, Sendable {
    /// Made as large as possible.
    package var maximised: [Figure]
    /// Made as small as possible; with it the result is a front, not one program.
    package var minimised: [Figure]

    package init(maximised: [Figure], minimised: [Figure] = []) {
      self.maximised = maximised
      self.minimised = minimised
    }
  }

  /// Who proposes programs.
  package enum Agent: Hashable, Sendable {
    case random
    /// Regularised evolution (Real et al., 2019): the oldest of the population dies.
    case evolution(population: Int, sample: Int)
    /// Tabular or linear Q-learning, as in BlockQNN (Zhong et al., 2018).
    case qLearning(state: QState, exploration: [Double], rate: Double)
    /// Policy gradient (Zoph and Le, 2017).
    case reinforce(rate: Double, entropy: Double)
    /// A supernet with softmax weights on the options (Liu et al., DARTS, 2019).
    case differentiable(epochs: Int, rate: Double)

    /// What Q-learning takes for the state.
    package enum QState: String, CaseIterable, Hashable, Sendable {
      /// The last layer, as in the paper.
      case lastLayer = "last_layer"
      /// All layers so far.
      case prefix
      /// Features of the layers so far, with a linear value.
      case linear
    }
  }

  /// How much training a candidate gets.
  package enum Fidelity: Hashable, Sendable {
    /// All epochs of the recipe.
    case full
    /// Synchronous successive halving: one of `factor` goes on to `factor` times as many epochs.
    case halving(from: Int, to: Int, factor: Int)
  }

  /// When the search ends.
  package enum Budget: Hashable, Sendable {
    case trials(Int)
    /// In seconds.
    case time(Double)
    /// So many programs within all limits.
    case feasible(Int)
  }

  /// A limit that a program has to keep.
  package struct Limit: Hashable, Sendable {
    package enum Comparison: String, Hashable, Sendable {
      case less = "<"
      case lessOrEqual = "<="
      case greater = ">"
      case greaterOrEqual = ">="
      case equal = "=="
    }

    package var figure: Figure
    package var comparison: Comparison
    /// In the unit of the figure: seconds, bytes, or a number.
    package var bound: Double
    /// What the program says when the limit is exceeded.
    package var message: String?

    package init(figure: Figure, comparison: Comparison, bound: Double, message: String? = nil) {
      self.figure = figure
      self.comparison = comparison
      self.bound = bound
      self.message = message
    }
  }

  package var name: String
  package var space: Use
  package var experts: [Use]
  /// Nil where there is no expert.
  package var mirror: Mirror?
  package var reward: Reward
  package var agent: Agent
  package var fidelity: Fidelity
  package var budget: Budget
  /// One study is made for each.
  package var seeds: [UInt64]
  package var limits: [Limit]

  package init(
    name: String, space: Use, experts: [Use] = [], mirror: Mirror? = nil, reward: Reward,
    agent: Agent = .random,
    fidelity: Fidelity = .full, budget: Budget = .trials(100), seeds: [UInt64] = [0], limits: [Limit] = []
  ) {
    self.name = name
    self.space = space
    self.experts = experts
    self.mirror = mirror
    self.reward = reward
    self.agent = agent
    self.fidelity = fidelity
    self.budget = budget
    self.seeds = seeds
    self.limits = limits
  }

  /// The recipe by which candidates are trained; nil when nothing asks for accuracy.
  package var recipe: String? {
    for figure in reward.maximised + reward.minimised + limits.map(\.figure) {
      if case .accuracy(let recipe) = figure { return recipe }
    }
    return nil
  }
}
