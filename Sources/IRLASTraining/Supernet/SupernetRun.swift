import IRLASGraph

#if canImport(Glibc)
  import Glibc
#endif

/// The loop of a `SupernetSession` and everything it needs.
struct SupernetRun {
  private let request: SupernetSession.Request
  private let training: BatchAssembler
  private let validation: BatchAssembler
  private let engine: SupernetEngine
  private let path: String
  private let identity: String
  private let schedule: LearningRateSchedule
  private let stepsPerEpoch: Int
  private var vectors: [AdamVector]
  private var epoch = 0
  private var losses = (train: 0.0, validation: 0.0)
  /// What the user should know before training starts.
  let remarks: [String]

  /// Reads the data, compiles both steps, and goes back to the checkpoint when resuming.
  init(_ request: SupernetSession.Request) throws(TrainingError) {
    path = FileBytes.join(request.folder, SupernetSession.checkpointName)
    let checkpoint = request.isResuming ? try Checkpoint.reading(path) : nil
    var recipe = request.recipe
    recipe.epochs = request.epochs
    recipe.seed = request.seed
    let data = try PreparedData(
      recipe: recipe, folder: request.dataFolder, seed: request.seed, splitSeed: request.recipe.seed)
    try data.check(against: request.network)
    guard let held = data.validation, held.dataset.count > 0 else {
      throw .recipe(
        "the decisions of a differentiable search are learned on validation images, and \(recipe.name) holds none out\n"
          + "help: for example data: idx(validation: 500)")
    }
    (training, validation) = (data.training, held)
    let batch = min(recipe.batch, training.dataset.count, validation.dataset.count)
    guard batch > 0 else { throw .recipe("\(request.dataFolder) has no training images") }
    engine = try SupernetEngine(
      network: request.network, logits: request.decisions.compactMap(\.logits), recipe: recipe, batch: batch,
      settings: request.settings)
    remarks = engine.remarks
    stepsPerEpoch = training.dataset.count / batch
    schedule = LearningRateSchedule(recipe, stepsPerEpoch: stepsPerEpoch)
    vectors = request.decisions.map { AdamVector(count: $0.count) }
    var plain = recipe
    plain.name = "_"
    plain.data.folder = nil
    identity = [
      request.network.programHash.description, plain.description, "\(data.fingerprint)", "\(batch)",
      "\(request.rate)", "\(request.recipe.seed)",
    ].joined(separator: "\n")
    if let checkpoint {
      let state = try Self.resume(checkpoint, request, identity, path: path)
      (vectors, epoch, losses) = (state.vectors, state.epoch, state.losses)
      try engine.load(checkpoint, path: path)
    }
    self.request = request
  }

  /// Where a checkpoint stands, if it is one of this run.
  private static func resume(
    _ checkpoint: Checkpoint, _ request: SupernetSession.Request, _ identity: String, path: String
  ) throws(TrainingError) -> (vectors: [AdamVector], epoch: Int, losses: (train: Double, validation: Double))
  {
    guard checkpoint.text("supernet") == identity else {
      throw .checkpoint("\(path) is of another network, recipe, data set or rate")
    }
    var vectors: [AdamVector] = []
    for (index, decision) in request.decisions.enumerated() {
      guard
        let vector = checkpoint.text("decision.\(index)").flatMap({ AdamVector($0, count: decision.count) })
      else { throw .checkpoint("\(path) lacks the decision \(decision.name)") }
      vectors.append(vector)
    }
    guard let done = checkpoint.integer("epoch"), (0...Int64(request.epochs)).contains(done),
      let means = checkpoint.text("losses")?.split(separator: " ").compactMap({ Double($0) }),
      means.count == 2
    else { throw .checkpoint("\(path): the position in it is not one of this run") }
    return (vectors, Int(done), (means[0], means[1]))
  }

  /// How likely each option of each decision is now.
  var probabilities: [[Double]] { vectors.map { Self.softmax($0.values) } }

  private static func softmax(_ values: [Double]) -> [Double] {
    let peak = values.max() ?? 0
    let powers = values.map { exp($0 - peak) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// Trains to the end; the checkpoint is written after every epoch, and an interrupted epoch starts again.
  ///
  /// - Parameters:
  ///   - preference: see `SupernetSession.Preference`.
  ///   - isInterrupted: asked after every step; when true the run returns.
  mutating func run(
    preference: SupernetSession.Preference? = nil, isInterrupted: () -> Bool = { false },
    report: (SupernetSession.Event) -> Void = { _ in }
  ) throws(TrainingError) -> SupernetSession.Summary {
    let seed = request.seed
    let heldSeed = RandomStream.key(seed: seed, purpose: "supernet.validation")
    let rounds = max(1, validation.dataset.count / engine.batch)
    let options = AdamVector.Options(rate: request.rate)
    let total = request.epochs * stepsPerEpoch
    var round = -1
    var held: [Int] = []
    while epoch < request.epochs {
      let order = RandomStream.epochOrder(
        seed: seed, epoch: UInt64(epoch), count: training.dataset.count)
      var sums = (train: 0.0, validation: 0.0)
      for step in 0..<stepsPerEpoch {
        let index = epoch * stepsPerEpoch + step
        if index / rounds != round {
          round = index / rounds
          held = RandomStream.epochOrder(
            seed: heldSeed, epoch: UInt64(round), count: validation.dataset.count)
        }
        let place = index % rounds * engine.batch
        let (loss, gradients) = engine.gradients(
          of: request.decisions, on: Array(held[place..<place + engine.batch]), of: validation, epoch: round,
          seed: seed, index: index)
        let slopes = preference?(probabilities, index)
        for (number, decision) in request.decisions.enumerated() where decision.logits != nil {
          var gradient = gradients[number]
          if let slope = slopes?[number] {
            for option in gradient.indices { gradient[option] -= slope[option] }
          }
          vectors[number].move(against: gradient, options)
          engine.set(vectors[number].values, of: decision)
        }
        let start = step * engine.batch
        let trained = engine.step(
          on: Array(order[start..<start + engine.batch]), of: training, epoch: epoch,
          learningRate: schedule.learningRate(epoch: epoch, step: step), seed: seed, index: index)
        guard loss.isFinite, trained.isFinite else { throw .diverged(epoch: epoch, step: step) }
        sums = (sums.train + trained, sums.validation + loss)
        report(.step(index + 1, of: total))
        if isInterrupted() { return summary(wasInterrupted: true) }
      }
      losses = (sums.train / Double(stepsPerEpoch), sums.validation / Double(stepsPerEpoch))
      report(.epoch(epoch, trainLoss: losses.train, validationLoss: losses.validation))
      epoch += 1
      try save()
    }
    return summary(wasInterrupted: false)
  }

  private func save() throws(TrainingError) {
    var checkpoint = Checkpoint()
    checkpoint.set("supernet", identity)
    checkpoint.set("epoch", Int64(epoch))
    checkpoint.set("losses", "\(losses.train) \(losses.validation)")
    for (index, vector) in vectors.enumerated() { checkpoint.set("decision.\(index)", vector.text) }
    engine.store(in: &checkpoint)
    do throws(FileError) {
      try checkpoint.write(to: path)
    } catch {
      throw .file(error)
    }
  }

  private func summary(wasInterrupted: Bool) -> SupernetSession.Summary {
    SupernetSession.Summary(
      probabilities: probabilities, epochs: epoch, trainLoss: losses.train, validationLoss: losses.validation,
      wasInterrupted: wasInterrupted)
  }
}
