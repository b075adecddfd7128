package import IRLASGraph

/// A program of the space, and the decisions that make it.
package struct Candidate: Sendable {
  /// The decisions in the order in which they come up.
  package let decisions: [Decision]
  /// The program.
  package let graph: Graph

  /// The program `graph` that `decisions` make.
  package init(decisions: [Decision], graph: Graph) {
    self.decisions = decisions
    self.graph = graph
  }
}

/// What is known of a program before it is trained.
package struct Appraisal: Hashable, Sendable {
  /// Its topology features, in the order of their table.
  package let features: [Double]
  /// Its likeness to each expert, in [0, 1].
  package let likeness: [Double]

  /// Features, and a likeness for each expert.
  package init(features: [Double] = [], likeness: [Double] = []) {
    self.features = features
    self.likeness = likeness
  }
}

/// Who says what a program looks like: topology features and mirrors, as far as there are any.
package struct Guidance: Sendable {
  /// Whether there is an expert to resemble.
  package let hasMirror: Bool
  /// Appraises a program: a pure function.
  package let appraise: @Sendable (Graph) -> Appraisal

  /// `appraise` gives every program the same number of likenesses; with `hasMirror` at least one.
  package init(hasMirror: Bool, appraise: @escaping @Sendable (Graph) -> Appraisal) {
    self.hasMirror = hasMirror
    self.appraise = appraise
  }

  /// No expert, no features.
  package static let none = Guidance(hasMirror: false) { _ in Appraisal() }
}

/// A program that is to be evaluated.
package struct ProposedTrial: Sendable {
  /// Its place among all trials of the search, from 0.
  package let index: Int
  /// The batch it belongs to, from 0.
  package let batch: Int
  /// The program with its decisions.
  package let candidate: Candidate
  /// `Graph.programHash`.
  package let programHash: GraphHash
  /// Features and likenesses.
  package let appraisal: Appraisal
  /// How like the experts the programs are that begin with the first 1, 2, ... decisions; empty where the reward
  /// does not ask for it. See `Prospect`.
  package let prospects: [Double]
  /// The seed of the program's training: of the search's seed and the program alone.
  package let trainingSeed: UInt64
  /// The earlier trial with the same program, whose result counts: such a trial is not evaluated and not counted in the
  /// budget.
  package let repeats: Int?
}

/// What came of a trial. These values, recorded and told again, are all that a search needs to go on.
package struct TrialResult: Hashable, Sendable {
  /// How an evaluation ends.
  package enum State: Hashable, Sendable {
    /// Everything is measured, after all epochs.
    case completed
    /// Halving went on without it: the accuracy is that of an early epoch.
    case stopped
    /// A limit of the plan, by its index, is not kept; what is measured is so far as it was needed to see that.
    case infeasible(limit: Int)
    /// The evaluation broke.
    case failed(reason: String)
    /// It took longer than a candidate may.
    case timedOut
    /// The loss is not finite any more.
    case diverged
  }

  /// A measured figure, in its unit: a share, seconds, bytes or a number.
  package struct Measurement: Hashable, Sendable {
    /// What was measured.
    package let figure: SearchPlan.Figure
    /// How much it is.
    package let value: Double

    /// The value of a figure.
    package init(_ figure: SearchPlan.Figure, _ value: Double) {
      self.figure = figure
      self.value = value
    }
  }

  /// The accuracy on the validation images after an epoch, from 1.
  package struct CurvePoint: Hashable, Sendable {
    /// From 1.
    package let epoch: Int
    /// The share of right answers.
    package let accuracy: Double

    /// The accuracy after an epoch.
    package init(epoch: Int, accuracy: Double) {
      self.epoch = epoch
      self.accuracy = accuracy
    }
  }

  /// See `ProposedTrial`, as of the six that follow.
  package var index: Int
  package var batch: Int
  package var decisions: [Decision]
  package var programHash: GraphHash
  package var appraisal: Appraisal
  package var prospects: [Double]
  package var repeats: Int?
  /// How it ended. Of a repeat, like all that follows, not looked at.
  package var state: State
  /// The figures that the plan asks for, as far as they are known.
  package var measurements: [Measurement]
  /// The course of the training.
  package var curve: [CurvePoint]

  /// A result of recorded values.
  package init(
    index: Int, batch: Int, decisions: [Decision], programHash: GraphHash, appraisal: Appraisal = Appraisal(),
    prospects: [Double] = [], repeats: Int? = nil, state: State, measurements: [Measurement] = [],
    curve: [CurvePoint] = []
  ) {
    self.index = index
    self.batch = batch
    self.decisions = decisions
    self.programHash = programHash
    self.appraisal = appraisal
    self.prospects = prospects
    self.repeats = repeats
    self.state = state
    self.measurements = measurements
    self.curve = curve
  }

  /// The result of a proposed trial.
  package init(
    _ trial: ProposedTrial, state: State, measurements: [Measurement] = [], curve: [CurvePoint] = []
  ) {
    self.init(
      index: trial.index, batch: trial.batch, decisions: trial.candidate.decisions,
      programHash: trial.programHash, appraisal: trial.appraisal, prospects: trial.prospects,
      repeats: trial.repeats, state: state, measurements: measurements, curve: curve)
  }

  /// The value of a figure, where it is known.
  package func value(of figure: SearchPlan.Figure) -> Double? {
    measurements.last { $0.figure == figure }?.value
  }
}

/// A trial as agents see it: measured figures, not yet weighed, because what they are worth changes in the course of a
/// search. `Reward` weighs them.
package struct Outcome: Hashable, Sendable {
  /// See `TrialResult`.
  package let index: Int
  package let decisions: [Decision]
  /// The figures sought, signed so that more is better, in the order of `Reward.figures`; nil where one is missing.
  package let objectives: [Double]?
  /// By how much limits are exceeded in relation to their bounds; 0 when all are kept, infinite when nothing came of
  /// the trial.
  package let violation: Double
  /// See `Appraisal`.
  package let likeness: [Double]
  /// See `ProposedTrial`.
  package let prospects: [Double]

  /// Whether it is a result: measured, within all limits.
  package var isFeasible: Bool { violation == 0 && objectives != nil }
}
