import IRLASGraph

/// What searches may say; see `RecipeForm`. The lists are the only place that knows it: messages and the manual are made
/// from them.
package enum SearchForm {
  private static let mirrorParameters = [
    RecipeForm.Parameter(name: "weight", argument: .weights, defaultValue: .list(Value.List([.float(0.1)]))),
    RecipeForm.Parameter(
      name: "mode", argument: .word(SearchPlan.Mirror.Mode.allCases.map(\.rawValue)),
      defaultValue: .string("terminal")),
    RecipeForm.Parameter(name: "anneal", argument: .bool, defaultValue: .boolean(true)),
  ]

  /// How the reward is learned from the experts.
  package static let mirrors = [
    RecipeForm(
      name: "max_entropy", parameters: mirrorParameters,
      documentation: "maximum-entropy inverse reinforcement learning (Ziebart et al., 2008)"),
    RecipeForm(
      name: "max_margin", parameters: mirrorParameters,
      documentation: "maximum-margin planning (Ratliff et al., 2006)"),
    RecipeForm(
      name: "projection", parameters: mirrorParameters,
      documentation:
        "the projection algorithm of apprenticeship learning (Abbeel and Ng, 2004), as in the IRLAS paper"),
  ]

  private static let batch = [
    RecipeForm.Parameter(name: "batch", argument: .int(1...65_536), defaultValue: .integer(1))
  ]

  /// What is measured of a candidate.
  package static let figures = [
    RecipeForm(
      name: "accuracy",
      parameters: [RecipeForm.Parameter(name: "recipe", argument: .recipe, defaultValue: nil)],
      documentation: "the share of right answers on the validation images, trained by a recipe"),
    RecipeForm(
      name: "latency", parameters: batch,
      documentation: "the median time of one batch on this machine, measured"),
    RecipeForm(
      name: "memory", parameters: batch, documentation: "the memory that one batch takes while running"),
    RecipeForm(name: "params", parameters: [], documentation: "learned numbers"),
    RecipeForm(name: "macs", parameters: [], documentation: "multiply-accumulates of one image"),
    RecipeForm(name: "depth", parameters: [], documentation: "weighted layers on the longest path"),
  ]

  /// Who proposes programs.
  package static let agents = [
    RecipeForm(name: "random", parameters: [], documentation: "draws every decision by its odds"),
    RecipeForm(
      name: "evolution",
      parameters: [
        RecipeForm.Parameter(name: "population", argument: .int(2...100_000), defaultValue: .integer(50)),
        RecipeForm.Parameter(name: "sample", argument: .int(1...100_000), defaultValue: .integer(10)),
      ], documentation: "regularised evolution (Real et al., 2019)"),
    RecipeForm(
      name: "q_learning",
      parameters: [
        RecipeForm.Parameter(
          name: "state", argument: .word(SearchPlan.Agent.QState.allCases.map(\.rawValue)),
          defaultValue: .string("prefix")),
        RecipeForm.Parameter(
          name: "epsilon", argument: .shares, defaultValue: .list(Value.List([.float(1), .float(0.1)]))),
        RecipeForm.Parameter(
          name: "rate", argument: .float(0...1, excludesLower: true), defaultValue: .float(0.01)),
      ],
      documentation:
        "Q-learning as in BlockQNN (Zhong et al., 2018); `epsilon` falls from the first to the last"),
    RecipeForm(
      name: "reinforce",
      parameters: [
        RecipeForm.Parameter(
          name: "rate", argument: .float(0...1e6, excludesLower: true), defaultValue: .float(0.01)),
        RecipeForm.Parameter(name: "entropy", argument: .float(0...1e6), defaultValue: .float(0.001)),
      ], documentation: "policy gradient with a baseline (Zoph and Le, 2017)"),
    RecipeForm(
      name: "differentiable",
      parameters: [
        RecipeForm.Parameter(name: "epochs", argument: .int(1...1_000_000), defaultValue: .integer(50)),
        RecipeForm.Parameter(
          name: "rate", argument: .float(0...1e6, excludesLower: true), defaultValue: .float(3e-4)),
      ], documentation: "one network with softmax weights on the options (Liu et al., DARTS, 2019)"),
  ]

  /// How much training a candidate gets.
  package static let fidelities = [
    RecipeForm(name: "full", parameters: [], documentation: "all epochs of the recipe"),
    RecipeForm(
      name: "halving",
      parameters: [
        RecipeForm.Parameter(name: "from", argument: .int(1...1_000_000), defaultValue: .integer(1)),
        RecipeForm.Parameter(name: "to", argument: .int(1...1_000_000), defaultValue: nil),
        RecipeForm.Parameter(name: "by", argument: .int(2...1000), defaultValue: .integer(3)),
      ], documentation: "one of `by` goes on to `by` times as many epochs, from `from` up to `to`"),
  ]

  /// When the search ends.
  package static let budgets = [
    RecipeForm(
      name: "trials",
      parameters: [RecipeForm.Parameter(name: "count", argument: .int(1...1_000_000_000), defaultValue: nil)],
      documentation: "after so many candidates"),
    RecipeForm(
      name: "time",
      parameters: [RecipeForm.Parameter(name: "limit", argument: .duration, defaultValue: nil)],
      documentation: "after so long: 30s, 10m, 2h"),
    RecipeForm(
      name: "feasible",
      parameters: [RecipeForm.Parameter(name: "count", argument: .int(1...1_000_000_000), defaultValue: nil)],
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
    let groups: [(String, [RecipeForm])] = [
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
