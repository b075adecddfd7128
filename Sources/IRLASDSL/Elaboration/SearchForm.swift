import IRLASGraph

/// What searches may say; see `FieldForm`. The lists are the only place that knows it: messages and the manual are made
/// from them.
package enum SearchForm {
  private static let mirrorParameters = [
    FieldForm.Parameter(name: "weight", argument: .weights, defaultValue: .list(Value.List([.float(0.1)]))),
    FieldForm.Parameter(
      name: "mode", argument: .word(SearchPlan.Mirror.Mode.allCases.map(\.rawValue)),
      defaultValue: .string("terminal")),
    FieldForm.Parameter(name: "anneal", argument: .bool, defaultValue: .boolean(true)),
  ]

  /// How the reward is learned from the experts.
  package static let mirrors = [
    FieldForm(
      name: "max_entropy", parameters: mirrorParameters,
      documentation: "maximum-entropy inverse reinforcement learning (Ziebart et al., 2008)"),
    FieldForm(
      name: "max_margin", parameters: mirrorParameters,
      documentation: "maximum-margin planning (Ratliff et al., 2006)"),
    FieldForm(
      name: "projection", parameters: mirrorParameters,
      documentation:
        "the projection algorithm of apprenticeship learning (Abbeel and Ng, 2004), as in the IRLAS paper"),
  ]

  private static let batch = [
    FieldForm.Parameter(name: "batch", argument: .int(1...65_536), defaultValue: .integer(1))
  ]

  /// What is measured of a candidate.
  package static let figures = [
    FieldForm(
      name: "accuracy",
      parameters: [FieldForm.Parameter(name: "recipe", argument: .recipe, defaultValue: nil)],
      documentation: "the share of right answers on the validation images, trained by a recipe"),
    FieldForm(
      name: "latency", parameters: batch,
      documentation: "the median time of one batch on this machine, measured"),
    FieldForm(
      name: "memory", parameters: batch, documentation: "the memory that one batch takes while running"),
    FieldForm(name: "params", parameters: [], documentation: "learned numbers"),
    FieldForm(name: "macs", parameters: [], documentation: "multiply-accumulates of one image"),
    FieldForm(name: "depth", parameters: [], documentation: "weighted layers on the longest path"),
  ]

  /// How several figures are sought at once; its arguments are figures.
  package static let pareto = FieldForm(
    name: "pareto", parameters: [],
    documentation: "figures that pull against each other: `pareto(max: accuracy(Quick), min: latency)`")

  /// Who proposes programs.
  package static let agents = [
    FieldForm(name: "random", parameters: [], documentation: "draws every decision by its odds"),
    FieldForm(
      name: "evolution",
      parameters: [
        FieldForm.Parameter(name: "population", argument: .int(2...100_000), defaultValue: .integer(50)),
        FieldForm.Parameter(name: "sample", argument: .int(1...100_000), defaultValue: .integer(10)),
      ], documentation: "regularised evolution (Real et al., 2019)"),
    FieldForm(
      name: "q_learning",
      parameters: [
        FieldForm.Parameter(
          name: "state", argument: .word(SearchPlan.Agent.QState.allCases.map(\.rawValue)),
          defaultValue: .string("prefix")),
        FieldForm.Parameter(
          name: "epsilon", argument: .shares, defaultValue: .list(Value.List([.float(1), .float(0.1)]))),
        FieldForm.Parameter(
          name: "rate", argument: .float(0...1, excludesLower: true), defaultValue: .float(0.01)),
      ],
      documentation:
        "Q-learning as in BlockQNN (Zhong et al., 2018); `epsilon` falls from the first to the last"),
    FieldForm(
      name: "reinforce",
      parameters: [
        FieldForm.Parameter(
          name: "rate", argument: .float(0...1e6, excludesLower: true), defaultValue: .float(0.01)),
        FieldForm.Parameter(name: "entropy", argument: .float(0...1e6), defaultValue: .float(0.001)),
      ], documentation: "policy gradient with a baseline (Zoph and Le, 2017)"),
    FieldForm(
      name: "differentiable",
      parameters: [
        FieldForm.Parameter(name: "epochs", argument: .int(1...1_000_000), defaultValue: .integer(50)),
        FieldForm.Parameter(
          name: "rate", argument: .float(0...1e6, excludesLower: true), defaultValue: .float(3e-4)),
      ], documentation: "one network with softmax weights on the options (Liu et al., DARTS, 2019)"),
  ]

  /// How much training a candidate gets.
  package static let fidelities = [
    FieldForm(name: "full", parameters: [], documentation: "all epochs of the recipe"),
    FieldForm(
      name: "halving",
      parameters: [
        FieldForm.Parameter(name: "from", argument: .int(1...1_000_000), defaultValue: .integer(1)),
        FieldForm.Parameter(name: "to", argument: .int(1...1_000_000), defaultValue: nil),
        FieldForm.Parameter(name: "by", argument: .int(2...1000), defaultValue: .integer(3)),
      ], documentation: "one of `by` goes on to `by` times as many epochs, from `from` up to `to`"),
  ]

  /// When the search ends.
  package static let budgets = [
    FieldForm(
      name: "trials",
      parameters: [FieldForm.Parameter(name: "count", argument: .int(1...1_000_000_000), defaultValue: nil)],
      documentation: "after so many candidates"),
    FieldForm(
      name: "time",
      parameters: [FieldForm.Parameter(name: "limit", argument: .duration, defaultValue: nil)],
      documentation: "after so long: 30s, 10m, 2h"),
    FieldForm(
      name: "feasible",
      parameters: [FieldForm.Parameter(name: "count", argument: .int(1...1_000_000_000), defaultValue: nil)],
      documentation: "after so many candidates within all limits"),
  ]

  /// The fields of a search: name, whether it has to be given, and what it says.
  package static let fields: [(name: String, isRequired: Bool, documentation: String)] = [
    ("over", true, "the space that is searched"),
    ("expert", false, "one network, or a list: what good programs look like"),
    (
      "mirror", false,
      "how likeness to the experts is learned and weighed; max_entropy where there is an expert"
    ),
    ("reward", true, "what is sought: a figure, or pareto(max: ..., min: ...)"),
    ("agent", false, "who proposes programs; random"),
    ("fidelity", false, "how much training a candidate gets; full"),
    ("budget", false, "when the search ends; trials(100)"),
    ("seeds", false, "a list: the search is made once for each; [0]"),
  ]

  /// The tables of the manual, in Markdown.
  package static var manual: String {
    var lines = ["| field | says |", "|---|---|"]
    lines += fields.map { "| `\($0.name)`\($0.isRequired ? " (required)" : "") | \($0.documentation) |" }
    let groups: [(String, [FieldForm])] = [
      ("mirror", mirrors), ("reward, require", figures), ("agent", agents), ("fidelity", fidelities),
      ("budget", budgets),
    ]
    lines += ["", "| for | word | does |", "|---|---|---|"]
    for (field, forms) in groups {
      lines += forms.map { "| \(field) | `\($0.signature)` | \($0.documentation) |" }
    }
    return lines.joined(separator: "\n")
  }
}
