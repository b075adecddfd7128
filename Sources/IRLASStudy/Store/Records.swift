package import IRLASGraph

/// What a study is about: everything that has to be the same when it is resumed, and where it was made.
package struct StudyRecord: Hashable, Sendable {
  /// A file of the program.
  package struct Source: Hashable, Sendable {
    package var name: String
    package var text: String
    package init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }

  /// The name of the search.
  package var search: String
  /// The program's file as the user named it.
  package var program: String
  /// The plan with the options of the command line, as text.
  package var plan: String
  /// The figures that are sought or limited, as text, in the order of the plan.
  package var figures: [String]
  /// The program and the files that it uses.
  package var sources: [Source]
  /// The recipe by which candidates are trained, as text; nil where none is.
  package var recipe: String?
  /// The folder of the images.
  package var data: String?
  /// What the command line said in place of the program: names and values.
  package var settings: [Setting]
  /// The version of IRLAS.
  package var version: String
  /// The processor.
  package var host: String
  /// Seconds since 1970.
  package var created: Double

  /// An option of the command line.
  package struct Setting: Hashable, Sendable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(
    search: String, program: String, plan: String, figures: [String], sources: [Source], recipe: String?,
    data: String?, settings: [Setting], version: String, host: String, created: Double
  ) {
    self.search = search
    self.program = program
    self.plan = plan
    self.figures = figures
    self.sources = sources
    self.recipe = recipe
    self.data = data
    self.settings = settings
    self.version = version
    self.host = host
    self.created = created
  }
}

/// One run of a study: the search with one seed.
package struct RunRecord: Hashable, Sendable {
  /// From 0, in the order of the plan's seeds.
  package var run: Int
  package var seed: UInt64
  /// The mirrors as text, one for each expert or none.
  package var mirrors: String
  /// The names of the features of `TrialRecord.features`, as one text.
  package var features: String
  package var isFinished: Bool
  /// Seconds of searching up to the last recorded batch.
  package var elapsed: Double
  /// How many batches are recorded.
  package var batches: Int
}

/// How a trial ended.
package enum TrialState: String, Hashable, Sendable, CaseIterable {
  /// All figures are known, and it keeps all limits.
  case completed
  /// Halving went on without it, or it was no better than chance after its first epoch: its accuracy is that of an
  /// early epoch.
  case stopped
  /// It exceeds a limit.
  case infeasible
  /// It cannot be compiled, crashed, or needed more memory than it may.
  case failed
  /// It took longer than it may.
  case timedOut = "timed_out"
  /// Its loss is no finite number.
  case diverged
}

/// The value of a figure, by the figure's text: `accuracy(Quick)`.
package struct FigureValue: Hashable, Sendable {
  package var figure: String
  package var value: Double
  package init(_ figure: String, _ value: Double) {
    self.figure = figure
    self.value = value
  }
}

/// One trial: a program that was proposed, and what came of it.
package struct TrialRecord: Hashable, Sendable {
  package var run: Int
  /// From 0, in the order in which they were proposed.
  package var trial: Int
  package var batch: Int
  package var program: GraphHash
  /// The earlier trial of this run with the same program.
  package var repeats: Int?
  package var decisions: [Decision]
  /// Likeness to each expert, 0 to 1; empty without a mirror.
  package var likeness: [Double]
  /// Likeness of what begins with its first decisions; empty where the reward does not ask for it.
  package var prospects: [Double]
  /// What the training draws from.
  package var seed: UInt64
  package var state: TrialState
  /// The limit that it exceeds, by its place in the plan.
  package var limit: Int?
  /// Why it did not complete, or which limit it exceeds.
  package var reason: String?
  package var figures: [FigureValue]
  /// The accuracy on the validation images after each epoch, from the first.
  package var curve: [Double]
  /// Seconds that its evaluation took, over all its processes.
  package var seconds: Double

  package init(
    run: Int, trial: Int, batch: Int, program: GraphHash, repeats: Int?, decisions: [Decision],
    likeness: [Double], prospects: [Double], seed: UInt64, state: TrialState, limit: Int?, reason: String?,
    figures: [FigureValue], curve: [Double], seconds: Double
  ) {
    self.run = run
    self.trial = trial
    self.batch = batch
    self.program = program
    self.repeats = repeats
    self.decisions = decisions
    self.likeness = likeness
    self.prospects = prospects
    self.seed = seed
    self.state = state
    self.limit = limit
    self.reason = reason
    self.figures = figures
    self.curve = curve
    self.seconds = seconds
  }

  /// The value of a figure, where it is known.
  package func value(_ figure: String) -> Double? { figures.first { $0.figure == figure }?.value }
}

/// A program of a study, whatever trials proposed it.
package struct ProgramRecord: Hashable, Sendable {
  package var program: GraphHash
  package var topology: GraphHash
  /// The program as text; nil where the language has no words for its graph.
  package var text: String?
  package var params: Int
  package var macs: Int
  package var depth: Int
  /// Topology features, in the order of `RunRecord.features`.
  package var features: [Double]

  package init(
    program: GraphHash, topology: GraphHash, text: String?, params: Int, macs: Int, depth: Int,
    features: [Double]
  ) {
    self.program = program
    self.topology = topology
    self.text = text
    self.params = params
    self.macs = macs
    self.depth = depth
    self.features = features
  }
}

/// A figure that was measured once on this machine; later trials of the same program take it from here.
package struct MeasurementRecord: Hashable, Sendable {
  package var program: GraphHash
  package var figure: String
  /// Nil where the program could not be measured.
  package var value: Double?
  /// Why it could not.
  package var reason: String?
  /// The single measurements that `value` is the median of.
  package var samples: [Double]
  /// The hash of the plan by which it was computed.
  package var plan: String?
  package var host: String
  /// Seconds since 1970.
  package var recorded: Double

  package init(
    program: GraphHash, figure: String, value: Double?, reason: String?, samples: [Double], plan: String?,
    host: String, recorded: Double
  ) {
    self.program = program
    self.figure = figure
    self.value = value
    self.reason = reason
    self.samples = samples
    self.plan = plan
    self.host = host
    self.recorded = recorded
  }
}

/// A program trained by a recipe with a seed up to an epoch.
package struct EvaluationRecord: Hashable, Sendable {
  package var program: GraphHash
  package var seed: UInt64
  /// A hash of the recipe's text and of the images.
  package var recipe: String
  /// The epoch where training was to pause, from the start.
  package var epochs: Int
  /// Never `infeasible`.
  package var state: TrialState
  package var reason: String?
  /// The accuracy on the validation images after each epoch, from the first.
  package var curve: [Double]
  /// Seconds of its process, without those of earlier rungs.
  package var seconds: Double
  /// The hash of the plan by which it was computed.
  package var plan: String?
  package var host: String
  /// Seconds since 1970.
  package var recorded: Double

  package init(
    program: GraphHash, seed: UInt64, recipe: String, epochs: Int, state: TrialState, reason: String?,
    curve: [Double], seconds: Double, plan: String?, host: String, recorded: Double
  ) {
    self.program = program
    self.seed = seed
    self.recipe = recipe
    self.epochs = epochs
    self.state = state
    self.reason = reason
    self.curve = curve
    self.seconds = seconds
    self.plan = plan
    self.host = host
    self.recorded = recorded
  }
}
