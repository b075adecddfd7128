import IRLASGraph
import Testing

@testable import IRLASDSL

/// Recipes as values.
@Suite struct ElaborationRecipeTests {
  @Test func allFields() throws {
    let program = program(
      """
      irlas 1
      recipe Cifar {
        data:      cifar10("data/cifar", validation: 5 * 1000) -> pad(4) -> crop(32x24) -> flip -> shift(2) -> cutout(8) -> normalize
        batch:     2 * 64
        epochs:    300
        loss:      cross_entropy(smoothing: 0.1)
        optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: true, decay: 5e-4)
        schedule:  warmup(epochs: 5) then step(at: [150, 225], by: 1 / 10)
        seed:      7
      }
      """)
    let (recipe, diagnostics) = program.recipe(named: "Cifar")
    #expect(diagnostics.isEmpty)
    #expect(
      recipe
        == Recipe(
          name: "Cifar", data: .init(format: .cifar10, folder: "data/cifar", validation: 5000),
          augmentation: [.pad(4), .crop(Extent(32, 24)), .flip, .shift(2), .cutout(8), .normalize],
          batch: 128,
          epochs: 300, loss: .crossEntropy(smoothing: 0.1),
          optimizer: .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true, decay: 5e-4),
          schedule: [.warmup(epochs: 5), .step(epochs: [150, 225], factor: 0.1)], seed: 7))
  }

  @Test func defaultsAndAmendment() throws {
    let program = program(
      """
      irlas 1
      use "base.irlas" { Base }
      recipe Quick = Base { epochs: 2  schedule: cosine }
      recipe Quicker = Quick { epochs: 1  seed: 3 }
      """,
      files: ["base.irlas": "irlas 1 recipe Base { data: idx epochs: 9 optimizer: sgd(lr: 1) }"])
    #expect(program.diagnostics.isEmpty)
    #expect(program.recipes == ["Quick", "Quicker"])
    let expected = Recipe(
      name: "Quicker", data: .init(format: .idx), batch: 128, epochs: 1, loss: .crossEntropy(smoothing: 0),
      optimizer: .sgd(learningRate: 1, momentum: 0, nesterov: false, decay: 0), schedule: [.cosine], seed: 3)
    #expect(program.recipe(named: "Quicker").recipe == expected)
    #expect(program.recipe(named: "Base").recipe?.epochs == 9)
    #expect(program.recipe(named: "Quack").recipe == nil)
  }

  /// A loss is a weighted sum over outputs, and reads back from its own text.
  @Test func lossesOfOutputs() throws {
    func loss(_ text: String) -> Recipe.Loss? {
      program("irlas 1 recipe R { data: idx optimizer: sgd(lr: 1) loss: \(text) }").recipe(named: "R").recipe?
        .loss
    }
    let sum = Recipe.Loss([
      .init(output: "logits", smoothing: 0.1), .init(weight: 0.4, output: "early"), .init(weight: 2),
    ])
    #expect(
      loss("cross_entropy(of: logits, smoothing: 0.1) + (2 / 5) * cross_entropy(early) + 2 * cross_entropy")
        == sum)
    #expect(loss(sum.description) == sum)
    #expect(loss("cross_entropy") == .crossEntropy(smoothing: 0))
  }

  /// Fields, and what is wrong with them.
  static let wrongFields: [(String, String)] = [
    ("optimizer: sgd(lr: 0.1, nesterov: true)", "error[L0505] 2:12: Nesterov's momentum needs a momentum"),
    ("optimizer: sgd(lr: 0.1, momentum: 1)", "error[L0505] 2:35: `momentum` is a number from 0 and below 1"),
    ("optimizer: adam(lr: 0.1)", "error[L0505] 2:12: no optimizer named `adam`"),
    ("optimizer: sgd", "error[L0302] 2:12: `sgd` needs `lr`"),
    (
      "schedule: step(at: [3, 2], by: 0.1)",
      "error[L0505] 2:20: `at` is a list of increasing epochs such as [150, 225]"
    ),
    ("schedule: warmup(epochs: 3)", "error[L0505] 2:11: a warm-up leads to another phase"),
    ("data: cifar10 -> crop(8)", "error[L0505] 2:23: `size` is a size such as 32x32"),
    ("data: cifar10(7)", "error[L0505] 2:15: `folder` is a string"),
    ("data: 7", "error[L0505] 2:7: this is no data source"),
    ("loss: cross_entropy - cross_entropy", "error[L0505] 2:21: a loss is a sum"),
    (
      "loss: 0 * cross_entropy",
      "error[L0505] 2:7: `the weight of a loss` is a positive number up to 1_000_000"
    ),
    ("loss: 2 * 3 * cross_entropy", "error[L0505] 2:7: a term of a loss is a loss, or a weight times a loss"),
    ("loss: cross_entropy * 2", "error[L0505] 2:7: a term of a loss is a loss, or a weight times a loss"),
    ("loss: 2 + cross_entropy", "error[L0505] 2:7: this is no loss"),
    ("loss: cross_entropy(of: 3)", "error[L0505] 2:25: `of` is the name of an output"),
    ("loss: cross_entropy(off: early)", "error[L0303] 2:21: `cross_entropy` has no parameter `off`"),
    ("seed: -1", "error[L0505] 2:7: `seed` is an Int from 0 to 9_223_372_036_854_775_807"),
    ("epochs: 1 / 0", "error[L0308] 2:9: division by zero"),
    ("epochs: n", "error[L0105] 2:9: no value named `n`"),
  ]

  /// Schedules that the epochs do not reach the end of, and what is said.
  @Test(arguments: [
    ("warmup(epochs: 5) then step(at: [6, 8], by: 0.1)", ""),
    ("step(at: [9], by: 0.1)", "warning[L0505] 1:38: the training ends before the step at epoch 9"),
    ("warmup(epochs: 9) then cosine", "warning[L0505] 1:38: the warm-up lasts to the end of the training"),
  ])
  func unreachedPhases(schedule: String, expected: String) {
    #expect(
      messages("irlas 1 recipe R { data: idx epochs: 9 optimizer: sgd(lr: 1) schedule: \(schedule) }")
        == expected)
  }

  @Test(arguments: wrongFields)
  func mistakes(field: String, expected: String) {
    let base = "recipe Base { data: idx epochs: 9 optimizer: sgd(lr: 1) }"
    #expect(messages("irlas 1 \(base) recipe R = Base {\n\(field)\n}") == expected)
  }

  /// A loss of an output that no network of the file has, where that can be known.
  @Test(arguments: [
    ("return x -> linear(2)", "output", ""),
    ("return x -> linear(2)", "logits", "warning[L0505] 4:110: no network here has an output `logits`"),
    ("return logits: x -> linear(2), aux early: x -> linear(2)", "early", ""),
    (
      "return logits: x -> linear(2), aux early: x -> linear(2)", "erly",
      "warning[L0505] 4:110: no network here has an output `erly`"
    ),
    ("return x -> linear(2), x -> linear(2)", "output2", ""),
    ("return y: x -> split(3)", "y3", ""),
    ("return x -> split(3), x -> linear(2)", "output4", ""),
  ])
  func outputsOfLosses(body: String, name: String, expected: String) {
    let recipe =
      "recipe R { data: cifar10 optimizer: sgd(lr: 0.1) loss: cross_entropy + 0.5 * cross_entropy(smoothing: 0, of: \(name)) }"
    #expect(messages("irlas 1\nnetwork N { in x: [3, 1, 1] \(body) }\n\n\(recipe)") == expected)
    // Nothing is known about the networks that a file of recipes is for.
    #expect(messages("irlas 1\n\(recipe)") == "")
    #expect(
      messages(
        "irlas 1\nnetwork M { in x: [3, 1, 1] return \(name): x }\nnetwork N { in x: [3, 1, 1] \(body) }\n\(recipe)"
      ) == "")
  }

  /// A misspelt field is not missing, too.
  @Test func oneMessageForAMisspeltField() {
    #expect(
      messages("irlas 1\nrecipe R { data: cifar10 optimiser: sgd(lr: 0.1) }")
        == "error[L0502] 2:26: recipes have no field `optimiser`")
  }
}
