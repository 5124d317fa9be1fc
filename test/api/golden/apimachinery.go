// Writes apimachinery.json: what Kubernetes' own libraries make of selectors, durations and printer columns. It is run by hand when
// a case is added, in a Go module that requires k8s.io/apimachinery and k8s.io/client-go at v0.35.4:
//
//	go run apimachinery.go > apimachinery.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/util/jsonpath"
	"os"
	"reflect"
	"time"
)

type M = map[string]any

func main() {
	out := M{}
	var l []M
	sets := []map[string]string{{}, {"app": "web"}, {"app": "", "tier": "b"}, {"app": "db", "n": "5"}, {"app": "web", "tier": "a", "n": "12"}, {"n": "x", "in": "in"}}
	for _, s := range []string{"", "app", "!app", "! app", "app=web", "app==web", "app = web", "app!=web", "app != web ,tier", "app in (web,db)", "app in (web, db), tier notin (a)", "app notin ( web )", "app in ()", "app in (,)", "app in (web,,db)", "app in (,web)", "app in (web,)", "app=", "app=,tier=b", "n>5", "n<6", "n > 4,n<20", "n>x", "in", "in in (in)", "notin=x", "app,", ",app", "app,,tier", "app web", "=web", "app in web", "app in (web", "app in web)", "app in (web db)", "a%b", "-a", "a/b/c", "/b", "b/", "Ex.com/a", "ex.com/a", "app=-x", "app=a%", "app in (-x,ok)", "app in (-x,-y)", "!app=web", "!", "!!app", "app!==web", "app=!web", "app==,tier", "app===web", "(", ")", "app)", "app=a b", "\tapp\n=\rweb", "app in(web)", "app in (in,notin)", "app notin (notin)", "app exists", "a.b-c_d", "app in (=)", "app=(web)", "x" + string(bytes.Repeat([]byte("y"), 63)), "app=" + string(bytes.Repeat([]byte("y"), 64)), "ü", "app=ü", "n>99999999999999999999", "n>+5", "n>-1", "n>05"} {
		sel, err := labels.Parse(s)
		m := M{"selector": s}
		if err != nil {
			m["error"] = err.Error()
		} else {
			var r []bool
			for _, x := range sets {
				r = append(r, sel.Matches(labels.Set(x)))
			}
			m["matches"] = r
		}
		l = append(l, m)
	}
	out["labels"] = M{"sets": sets, "cases": l}
	var f []M
	for _, s := range []string{"", "metadata.name=a", "metadata.name==a", "metadata.name!=a", "metadata.name=a,metadata.namespace=b", ",", "a", "metadata.name=a,", `metadata.name=a\,b`, `metadata.name=a\=b`, `metadata.name=a\\b`, `metadata.name=a\b`, `metadata.name=a=b`, `metadata.name=a\`, `metadata.name=\`, `metadata.name!==a`, `metadata.name`, "metadata.name=", "metadata.name = a", `metadata.name=a\,`, `metadata.name=ü,x`, "=", `metadata.name\=a`} {
		sel, err := fields.ParseSelector(s)
		m := M{"selector": s}
		if err != nil {
			m["error"] = err.Error()
		} else {
			rs := []M{}
			for _, r := range sel.Requirements() {
				rs = append(rs, M{"field": r.Field, "operator": string(r.Operator), "value": r.Value})
			}
			m["requirements"] = rs
		}
		f = append(f, m)
	}
	out["fields"] = f
	var d []M
	for _, ms := range []int64{-5000, -2000, -1999, -1000, -1, 0, 1, 999, 1000, 59999, 60000, 119000, 119999, 120000, 121000, 180000, 599000, 599999, 600000, 601000, 3600000, 10799000, 10799999, 10800000, 10860000, 14400000, 28799000, 28800000, 86400000, 172799000, 172800000, 176400000, 259200000, 691199000, 691200000, 31536000000, 63071999000, 63072000000, 63158400000, 94608000000, 252287999000, 252288000000, 315360000000} {
		d = append(d, M{"ms": ms, "text": duration.HumanDuration(time.Duration(ms) * time.Millisecond)})
	}
	out["durations"] = d
	var obj any
	json.Unmarshal([]byte(`{"a":{"b":"x","n":5,"f":1.5,"t":true,"m":{"z":1,"a":"<&>"},"l":["p","q"],"dotted.key":"d","o":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}],"empty":[],"nested":[[1,2],[3]]}}`), &obj)
	var j []M
	for _, p := range []string{".a.b", ".a.n", ".a.f", ".a.t", ".a.m", ".a.l", ".a.l[0]", ".a.l[1]", ".a.l[-1]", ".a.l[5]", ".a.l[*]", ".a['b']", `.a.dotted\.key`, `.a['dotted\.key']`, ".a.missing", ".a.b.c", ".missing.x", `.a.o[?(@.type=="Ready")].status`, `.a.o[?(@.type=='Other')].status`, `.a.o[?(@.type!="Ready")].status`, `.a.o[?(@.type=="None")].status`, ".a.o[*].type", ".a.o[0]", ".a.empty", ".a.empty[*]", ".a.nested[1][0]", ".a.o[1].type"} {
		path := jsonpath.New("x").AllowMissingKeys(true)
		if err := path.Parse("{" + p + "}"); err != nil {
			j = append(j, M{"path": p, "parseError": err.Error()})
			continue
		}
		res, err := path.FindResults(obj)
		m := M{"path": p}
		if err != nil || len(res) == 0 || len(res[0]) == 0 {
			m["text"] = nil
		} else {
			var b bytes.Buffer
			if e := path.PrintResults(&b, []reflect.Value{reflect.ValueOf(res[0][0].Interface())}); e != nil {
				m["text"] = nil
			} else {
				m["text"] = b.String()
			}
		}
		j = append(j, m)
	}
	out["jsonPaths"] = M{"object": obj, "cases": j}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		fmt.Println(err)
	}
}
