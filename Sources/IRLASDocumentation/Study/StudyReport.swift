package import IRLASGraph

/// What a page about a search shows, as plain values.
package struct StudyReport: Sendable {
  /// A figure that was made as large or as small as possible.
  package struct Objective: Hashable, Sendable {
    /// What a number of it means.
    package enum Unit: Hashable, Sendable {
      /// A number without unit.
      case number
      /// A share, shown as a percentage.
      case share
      case seconds
      case bytes
    }

    package var name: String
    package var unit: Unit
    package var isMaximised: Bool

    package init(name: String, unit: Unit, isMaximised: Bool) {
      self.name = name
      self.unit = unit
      self.isMaximised = isMaximised
    }
  }

  /// A candidate and what came of it.
  package struct Trial: Hashable, Sendable {
    /// From 0 in its run.
    package var index: Int
    /// The run by its place in `runs`.
    package var run: Int
    /// `completed`, or why there are no figures.
    package var state: String
    /// One value for each objective; nil where nothing was measured.
    package var values: [Double?]
    /// The share of random programs that are less like the expert; nil without a mirror.
    package var likeness: Double?
    package var parameters: Int
    package var macs: Int
    /// The program's hash.
    package var hash: String
    /// Whether no other trial is at least as good in all objectives and better in one.
    package var isOnFront: Bool
    /// The accuracy after each epoch that was trained.
    package var curve: [Double]

    package init(
      index: Int, run: Int, state: String, values: [Double?], likeness: Double? = nil, parameters: Int,
      macs: Int, hash: String, isOnFront: Bool = false, curve: [Double] = []
    ) {
      self.index = index
      self.run = run
      self.state = state
      self.values = values
      self.likeness = likeness
      self.parameters = parameters
      self.macs = macs
      self.hash = hash
      self.isOnFront = isOnFront
      self.curve = curve
    }
  }

  /// A network that is drawn: a winner or an expert.
  package struct Drawn: Sendable {
    package var title: String
    package var graph: Graph
    /// Figures worth reading, as name and value.
    package var facts: [(name: String, value: String)]
    /// The program as text; empty where none is shown.
    package var text: String

    package init(title: String, graph: Graph, facts: [(name: String, value: String)] = [], text: String = "")
    {
      self.title = title
      self.graph = graph
      self.facts = facts
      self.text = text
    }
  }

  /// How much a feature speaks for or against a network.
  package struct Speaker: Hashable, Sendable {
    package var feature: String
    package var contribution: Double
    /// The feature's meaning.
    package var note: String

    package init(feature: String, contribution: Double, note: String = "") {
      self.feature = feature
      self.contribution = contribution
      self.note = note
    }
  }

  /// The name of the search.
  package var title: String
  /// What was asked for and how it went, as name and value.
  package var facts: [(name: String, value: String)]
  /// The names of the runs: one for each seed.
  package var runs: [String]
  /// The first one is that of the progress curve.
  package var objectives: [Objective]
  package var trials: [Trial]
  /// Experts, drawn beside the winners.
  package var experts: [Drawn]
  /// Best first.
  package var winners: [Drawn]
  /// What the mirror says about the best winner, strongest first; empty without a mirror.
  package var speakers: [Speaker]

  package init(
    title: String, facts: [(name: String, value: String)], runs: [String], objectives: [Objective],
    trials: [Trial], experts: [Drawn] = [], winners: [Drawn] = [], speakers: [Speaker] = []
  ) {
    self.title = title
    self.facts = facts
    self.runs = runs
    self.objectives = objectives
    self.trials = trials
    self.experts = experts
    self.winners = winners
    self.speakers = speakers
  }
}
