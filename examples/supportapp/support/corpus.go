package support

import (
	"cmp"
	"slices"
	"strings"
)

// Document is one article of the help centre.
type Document struct {
	ID    string   `json:"id"`
	Team  string   `json:"team"`
	Text  string   `json:"text"`
	Fact  string   `json:"-"` // what an answer from it must say
	Asked string   `json:"-"` // a question that it answers
	Terms []string `json:"-"` // what it is found by
}

// The specialists.
const (
	Billing  = "billing"
	Shipping = "shipping"
	Account  = "account"
)

var corpus = []Document{
	{"kb-refunds", Billing, "A refund reaches your card within 5 working days.", "5 working days", "How long does a refund take to reach my card?", []string{"refund", "card", "money"}},
	{"kb-invoices", Billing, "You find every invoice as a PDF under Settings, Billing.", "Settings, Billing", "Where is the invoice of last month?", []string{"invoice", "receipt"}},
	{"kb-plans", Billing, "A change of plan takes effect on the next billing date.", "next billing date", "When does a change of my plan take effect?", []string{"plan", "upgrade"}},
	{"kb-vat", Billing, "A VAT number can be added until the invoice is issued, under Company.", "until the invoice is issued", "Until when can I add a VAT number?", []string{"vat", "tax"}},
	{"kb-delivery", Shipping, "Standard delivery takes 3 to 4 days.", "3 to 4 days", "How many days does delivery take?", []string{"delivery", "days", "order"}},
	{"kb-returns", Shipping, "A return is free for 30 days after the parcel has arrived.", "30 days", "How long can I return a parcel?", []string{"return", "parcel"}},
	{"kb-customs", Shipping, "Customs duties outside the EU are paid by the recipient.", "by the recipient", "Who pays customs duties?", []string{"customs", "duties"}},
	{"kb-pickup", Shipping, "A pickup point keeps a package for 7 days.", "7 days", "How long does a pickup point keep a package?", []string{"pickup", "package"}},
	{"kb-password", Account, "The link that resets a password is valid for 20 minutes.", "20 minutes", "How long is the link to reset my password valid?", []string{"password", "reset", "link"}},
	{"kb-export", Account, "An export of your data is ready within 24 hours.", "24 hours", "When is the export of my data ready?", []string{"export", "data"}},
	{"kb-closing", Account, "A closed account can be reopened for 14 days.", "14 days", "Can I reopen a closed account?", []string{"reopen", "closed", "account"}},
	{"kb-seats", Account, "The owner adds seats under Team, Members.", "Team, Members", "Where do I add seats?", []string{"seats", "members"}},
}

// words returns the words of a text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// hits counts the words that are among the document's terms.
func (d *Document) hits(query []string) int {
	n := 0
	for _, w := range query {
		if slices.Contains(d.Terms, w) {
			n++
		}
	}
	return n
}

// search returns the k documents nearest to the query, of one team or of all
// (""). As a search over embeddings does, it always finds something.
func search(team, query string, k int) []Document {
	var found []Document
	for _, d := range corpus {
		if team == "" || d.Team == team {
			found = append(found, d)
		}
	}
	terms := words(query)
	slices.SortStableFunc(found, func(a, b Document) int { return cmp.Compare(b.hits(terms), a.hits(terms)) })
	return found[:min(k, len(found))]
}

// documentOf returns the document of an id, the zero Document where there is
// none.
func documentOf(id string) Document {
	i := slices.IndexFunc(corpus, func(d Document) bool { return d.ID == id })
	if i < 0 {
		return Document{}
	}
	return corpus[i]
}
