// A peer of bench_tdx: go-tdx-guest on the same quote and collateral.
//
//	go-tdx-guest QUOTE COLLATERAL UNIX
//
// Prints "go-tdx-guest microseconds": processor time of one verification, best of several runs.
package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-tdx-guest/verify"
)

const (
	runs       = 9
	runSeconds = 0.12
)

type bundle struct {
	PckCrlIssuerChain     string `json:"pck_crl_issuer_chain"`
	RootCaCrl             string `json:"root_ca_crl"`
	PckCrl                string `json:"pck_crl"`
	TcbInfoIssuerChain    string `json:"tcb_info_issuer_chain"`
	TcbInfo               string `json:"tcb_info"`
	TcbInfoSignature      string `json:"tcb_info_signature"`
	QeIdentityIssuerChain string `json:"qe_identity_issuer_chain"`
	QeIdentity            string `json:"qe_identity"`
	QeIdentitySignature   string `json:"qe_identity_signature"`
}

// Answers as Intel's service would, from memory.
type getter struct{ answers map[string]answer }

type answer struct {
	header map[string][]string
	body   []byte
}

func (g getter) Get(address string) (map[string][]string, []byte, error) {
	for part, a := range g.answers {
		if strings.Contains(address, part) {
			return a.header, a.body, nil
		}
	}
	return nil, nil, fmt.Errorf("nothing at %s", address)
}

func die(what any) {
	fmt.Fprintln(os.Stderr, "go-tdx-guest:", what)
	os.Exit(1)
}

func decode(text string) []byte {
	out, err := hex.DecodeString(text)
	if err != nil {
		die(err)
	}
	return out
}

func signed(member, document, signature string) []byte {
	return []byte(fmt.Sprintf(`{"%s":%s,"signature":"%s"}`, member, document, signature))
}

func header(name, chain string) map[string][]string {
	return map[string][]string{name: {url.QueryEscape(chain)}}
}

func answersOf(b bundle) getter {
	return getter{map[string]answer{
		"/pckcrl?":      {header("Sgx-Pck-Crl-Issuer-Chain", b.PckCrlIssuerChain), decode(b.PckCrl)},
		"/tcb?":         {header("Tcb-Info-Issuer-Chain", b.TcbInfoIssuerChain), signed("tcbInfo", b.TcbInfo, b.TcbInfoSignature)},
		"/qe/identity":  {header("Sgx-Enclave-Identity-Issuer-Chain", b.QeIdentityIssuerChain), signed("enclaveIdentity", b.QeIdentity, b.QeIdentitySignature)},
		"IntelSGXRootC": {nil, decode(b.RootCaCrl)},
	}}
}

// The root that the bundle carries: with its own copy of it the library logs a line each time.
func rootsOf(b bundle) *x509.CertPool {
	rest := []byte(b.TcbInfoIssuerChain)
	var last *pem.Block
	for block, more := pem.Decode(rest); block != nil; block, more = pem.Decode(more) {
		last = block
	}
	if last == nil {
		die("no root in the bundle")
	}
	root, err := x509.ParseCertificate(last.Bytes)
	if err != nil {
		die(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return pool
}

func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		die(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func main() {
	if len(os.Args) != 4 {
		die("usage: go-tdx-guest QUOTE COLLATERAL UNIX")
	}
	quote, err := os.ReadFile(os.Args[1])
	if err != nil {
		die(err)
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		die(err)
	}
	at, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		die(err)
	}
	var b bundle
	if err := json.Unmarshal(text, &b); err != nil {
		die(err)
	}
	answers, roots := answersOf(b), rootsOf(b)
	best := 0.0
	for i := 0; i < runs; i++ {
		begin, end, count := processorTime(), 0.0, 0
		for end < begin+runSeconds {
			options := &verify.Options{CheckRevocations: true, GetCollateral: true, Getter: answers, Now: time.Unix(at, 0), TrustedRoots: roots}
			if err := verify.RawTdxQuote(quote, options); err != nil {
				die(err)
			}
			count++
			end = processorTime()
		}
		if us := (end - begin) * 1e6 / float64(count); best == 0 || us < best {
			best = us
		}
	}
	fmt.Printf("go-tdx-guest %.2f\n", best)
}
