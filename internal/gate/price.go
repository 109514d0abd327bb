package gate

// The values of Source.Usage, in tokens but for the last.
const (
	UsageTokens = "tokens" // input and output
	UsageInput  = "input_tokens"
	UsageOutput = "output_tokens"
	UsageCost   = "cost" // by Source.Prices, in their currency
)

// Usages are the values of Source.Usage.
var Usages = [...]string{UsageTokens, UsageInput, UsageOutput, UsageCost}

// Tokens are what one model has used. Cached are those of Input that were read
// from a cache.
type Tokens struct{ Input, Output, Cached int64 }

// Price is what a million tokens of a model cost, in any currency.
type Price struct {
	Input  float64  `json:"input"`
	Output float64  `json:"output"`
	Cached *float64 `json:"cached,omitempty"` // input that was read from a cache; absent: as Input
}

// Amount returns what the tokens of a model are by the source's Usage. ok is
// false where it is a cost, and the model has no price.
func (s *Source) Amount(model string, t Tokens) (amount float64, ok bool) {
	switch s.Usage {
	case UsageInput:
		return float64(t.Input), true
	case UsageOutput:
		return float64(t.Output), true
	case UsageTokens:
		return float64(t.Input + t.Output), true
	}
	p, ok := s.Prices[model]
	cached := p.Input
	if p.Cached != nil {
		cached = *p.Cached
	}
	hits := min(t.Cached, t.Input)
	cost := float64(float64(t.Input-hits)*p.Input) + float64(float64(hits)*cached) + float64(float64(t.Output)*p.Output)
	return cost / 1e6, ok
}

// priceChecks returns what must hold of a table of prices.
func (s *Source) priceChecks(path string) []check {
	checks := []check{
		{s.Usage != UsageCost || len(s.Prices) > 0, path + ".prices", "want the price of a million tokens by model: {MODEL: {input, output, cached}}"},
		{s.Usage == UsageCost || len(s.Prices) == 0, path + ".prices", "only usage: cost has prices"},
	}
	for _, model := range sortedKeys(s.Prices) {
		p := s.Prices[model]
		good := isMargin(p.Input) && isMargin(p.Output) && (p.Cached == nil || isMargin(*p.Cached))
		checks = append(checks, check{good, path + ".prices." + model, "want prices of 0 or more"})
	}
	return checks
}
