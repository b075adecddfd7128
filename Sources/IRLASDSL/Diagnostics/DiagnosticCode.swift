/// The catalogue of messages.
///
/// The name of a case is its identity in code, its number is its identity for users (`L0201`) and never changes.
/// L00xx: text and grammar. L01xx: names, files and uses. L02xx: tensors and shapes. L03xx: values, parameters and
/// layers. L04xx: decisions and spaces. L05xx: checks, recipes and searches.
package enum DiagnosticCode: UInt16, CaseIterable, Hashable, Sendable {
  // Text.
  case notUTF8 = 1
  case sourceTooLarge = 2
  case tooManyDiagnostics = 3
  case unsupportedVersion = 4
  case unexpectedCharacter = 10
  case malformedNumber = 11
  case numberTooLarge = 12
  case unterminatedString = 13
  case unknownEscape = 14
  case unterminatedName = 15

  // Grammar.
  case unexpectedToken = 20
  case missingToken = 21
  case expectedExpression = 22
  case expectedName = 23
  case keywordAsName = 24
  case missingReturn = 25
  case missingElse = 26
  case thenNeedsParentheses = 27
  case foreignOperator = 28
  case equalsInArgument = 29
  case assignmentInExpression = 30
  case chainedComparison = 31
  case nestedTooDeeply = 32
  case unclosedBracket = 33
  case missingInputs = 34
  case misplacedStatement = 35
  case misplacedDeclaration = 36
  case expectedType = 37
  case expectedDeclaration = 38

  // Names, files and uses.
  case unknownModule = 101
  case unknownMember = 102
  case duplicateName = 103
  case unknownLayer = 104
  case unknownName = 105
  case unusedBinding = 106
  case cyclicUse = 107
  case cyclicCell = 108
  case unreadableFile = 109

  // Tensors and shapes.
  case shapesDisagree = 201
  case shapeContract = 202
  case vanishingSize = 203
  case expectedTensor = 204
  case misplacedPeer = 205
  case unknownSize = 206
  case arityMismatch = 230

  // Values, parameters and layers.
  case typeMismatch = 301
  case missingArgument = 302
  case unknownArgument = 303
  case duplicateArgument = 304
  case tooManyArguments = 305
  case arithmeticOverflow = 306
  case notAWholeNumber = 307
  case divisionByZero = 308
  case valueOutOfRange = 309
  case indexOutOfRange = 310
  case requirementFailed = 311
  case groupsDoNotDivide = 312
  case misplacedThen = 313
  case programTooBig = 314

  // Decisions and spaces.
  case choiceOutsideSpace = 401
  case noFeasibleOption = 402
  case invalidChoice = 403
  case infeasibleOption = 404
  case notASpace = 405
  case unmixableChoice = 406
  case openDecisions = 410
  case measuredFigure = 411
  case unknownDecision = 412

  // Checks, recipes and searches.
  case checkFailed = 501
  case unknownField = 502
  case duplicateField = 503
  case missingField = 504
  case invalidField = 505

  /// The stable code that users see, `L` and four digits.
  package var code: String {
    let digits = String(rawValue)
    return "L" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The entry with the given stable code, for example `L0201`.
  package init?(code: String) {
    guard code.utf8.count == 5, code.first == "L",
      code.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt16(code.dropFirst())
    else { return nil }
    self.init(rawValue: number)
  }

  /// The severity that a message of this kind has unless it says otherwise.
  package var defaultSeverity: Diagnostic.Severity {
    switch self {
    case .tooManyDiagnostics: .note
    case .unknownSize, .infeasibleOption: .warning
    default: .error
    }
  }
}
