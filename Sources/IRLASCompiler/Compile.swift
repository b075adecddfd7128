package import IRLASGraph

/// What a network is compiled for.
package enum CompileMode: Hashable, Sendable {
  /// Forward with running statistics; dropout does nothing.
  case inference
  /// One step of training: forward, backward, update.
  case training(TrainingObjective)
}

/// Whether convolutions may be computed by a method that multiplies less and sums in another order: the results differ by less
/// than 1e-5 of the largest.
package enum MethodUse: String, Hashable, Sendable, CaseIterable {
  /// Where it is estimated to be faster, from the sizes alone: forward and for gradients of inputs.
  case auto
  case never
}

/// The methods that a plan may use.
package struct Methods: Hashable, Sendable {
  /// Winograd's minimal filtering, for dense 3x3 convolutions.
  package var winograd: MethodUse
  /// Strassen's products, for 1x1 convolutions and linear layers.
  package var strassen: MethodUse

  package init(winograd: MethodUse = .auto, strassen: MethodUse = .auto) {
    self.winograd = winograd
    self.strassen = strassen
  }
}

/// What factors of products are rounded to; results, sums, parameters and everything else are single precision.
package enum Precision: String, Hashable, Sendable, CaseIterable {
  case float32 = "f32"
  /// Convolutions and linear layers multiply numbers of 8 significant bits. Depthwise convolutions, gradients of weights and
  /// what Winograd's method does faster stay in single precision.
  case bfloat16 = "bf16"
}

/// How a network is compiled; all of it values, nothing is read from the environment.
package struct CompileOptions: Hashable, Sendable {
  package var mode: CompileMode
  /// The number of samples a step works on.
  package var batch: Int
  /// The pass after which the graph (or the plan) is shown to the dump.
  package var dumpAfter: String?
  package var methods: Methods
  /// Which forms computations take where there are several.
  package var forms: FormRule
  /// What was measured, to choose forms by in place of the rule.
  package var tuned: TunedKernels?
  package var precision: Precision
  /// Whether parts of larger maps are written and read where they are, instead of copied. The results are the same to the bit.
  package var placesValues: Bool
  /// The most bytes that the program may own (`ExecutionPlan.ownedBytes`); nil for no limit. A training step that would need more
  /// computes values again instead of keeping them, with the same results to the bit.
  package var memoryLimit: Int?
  /// Whether inference may compute a few samples of the batch at a time, each thread others, where that keeps more of their maps
  /// in the caches (`ExecutionPlan.split`).
  package var splitsBatch: Bool

  package init(
    mode: CompileMode, batch: Int, dumpAfter: String? = nil, winograd: MethodUse = .auto,
    strassen: MethodUse = .auto,
    forms: FormRule = .estimated, tuned: TunedKernels? = nil, precision: Precision = .float32,
    placesValues: Bool = true, memoryLimit: Int? = nil, splitsBatch: Bool = false
  ) {
    self.mode = mode
    self.batch = batch
    self.dumpAfter = dumpAfter
    methods = Methods(winograd: winograd, strassen: strassen)
    self.forms = forms
    self.tuned = tuned
    self.precision = precision
    self.placesValues = placesValues
    self.memoryLimit = memoryLimit
    self.splitsBatch = splitsBatch
  }
}

/// The names of the passes, in the order in which `compile` runs them: what `dumpAfter` takes.
package let passNames: [String] = {
  let ofModes = GraphPass.forInference + GraphPass.beforeDifferentiation + GraphPass.forTraining
  var names = ["input", "canonical"]
  for name in ofModes.map(\.name) where !names.contains(name) { names.append(name) }
  return names + ["differentiate", "remat", "plan"]
}()

/// Compiles a network to a plan: every pass in order.
///
/// - Parameters:
///   - network: a forward graph that verifies.
///   - dump: receives the text of the graph, or of the plan, after the pass named in the options. A pass that
///     runs twice, before and after differentiation, is shown twice.
package func compile(_ network: Graph, _ options: CompileOptions, dump: ((String) -> Void)? = nil)
  throws(CompileError) -> ExecutionPlan
{
  let pipeline = Pipeline(dumpAfter: options.dumpAfter, dump: dump)
  var graph = try pipeline.checked("input", network)

  // First of all, so that initial values and random masks depend on the network, not on how it was written:
  // they are numbered by this order.
  graph = try pipeline.checked("canonical", graph.canonicalized())
  let streams = parameterStreams(of: graph)

  switch options.mode {
  case .inference:
    graph = try pipeline.run(GraphPass.forInference, on: graph)
  case .training(let objective):
    // Before differentiation, so that what is removed needs no gradient; after it, because gradients bring
    // new sums and copies.
    graph = try pipeline.run(GraphPass.beforeDifferentiation, on: graph)
    do {
      graph = try differentiate(graph, objective: objective)
    } catch {
      throw .differentiation(error)
    }
    graph = try pipeline.checked("differentiate", graph)
    graph = try pipeline.run(GraphPass.forTraining, on: graph)
  }

  // Schedule, lowering to kernel calls, memory plan.
  func plan(
    _ graph: Graph, batch: Int, _ forms: FormRule, _ originals: [NodeID: NodeID] = [:], places: Bool
  ) throws(CompileError) -> ExecutionPlan {
    try ExecutionPlan(
      lowering: graph, batch: batch, parametersAreConstant: options.mode == .inference,
      methods: options.methods, forms: forms, precision: options.precision,
      placesValues: places, streams: streams, originals: originals)
  }
  let whole = graph
  func forms(batch: Int) throws(CompileError) -> FormRule {
    guard let tuned = options.tuned else { return options.forms }
    return try tuned.forms { rule throws(CompileError) in
      try plan(whole, batch: batch, rule, places: options.placesValues)
    }
  }
  let result: ExecutionPlan
  if let limit = options.memoryLimit {
    let forms = try forms(batch: options.batch)
    let isLeft =
      options.mode == .inference
      ? []
      : Lowering.deferredNormalizations(
        graph, Schedule(graph, parametersAreConstant: false), options.batch, options.methods, forms,
        options.precision)
    result = try Rematerialisation.plan(
      graph, batch: options.batch, isLeft: isLeft, limit: limit,
      placed: try plan(graph, batch: options.batch, forms, places: options.placesValues)
    ) { again throws(CompileError) in
      try plan(again.graph, batch: options.batch, forms, again.originals, places: false)
    }
  } else if options.splitsBatch, options.mode == .inference {
    result = try ExecutionPlan.split(options.batch) { batch throws(CompileError) in
      try plan(whole, batch: batch, try forms(batch: batch), places: options.placesValues)
    }
  } else {
    result = try plan(
      whole, batch: options.batch, try forms(batch: options.batch), places: options.placesValues)
  }
  if case .training = options.mode { _ = try pipeline.checked("remat", result.graph) }
  pipeline.show("plan", GeneratedCode(result).program)
  return result
}

/// The stream of each parameter's initial values: its index in the canonical form of the network.
private func parameterStreams(of graph: Graph) -> [String: Int] {
  var streams: [String: Int] = [:]
  for id in graph.ids {
    if case .parameter = graph[id].op { streams[graph.path(of: id)] = id.index }
  }
  return streams
}

/// What happens between passes: verification in debug builds, and the dump.
private struct Pipeline {
  let dumpAfter: String?
  let dump: ((String) -> Void)?

  /// Runs passes one after the other.
  func run(_ passes: [GraphPass], on graph: Graph) throws(CompileError) -> Graph {
    var graph = graph
    for pass in passes { graph = try checked(pass.name, pass.apply(graph)) }
    return graph
  }

  /// The graph after a pass: verified in debug builds, shown when asked for.
  func checked(_ pass: String, _ graph: Graph) throws(CompileError) -> Graph {
    #if DEBUG
      let issues = graph.verify()
      guard issues.isEmpty else {
        throw .invalidGraph(pass: pass, issues: issues.prefix(5).map { "\($0)" })
      }
    #endif
    show(pass, graph.text)
    return graph
  }

  func show(_ pass: String, _ text: @autoclosure () -> String) {
    if pass == dumpAfter { dump?(text()) }
  }
}
