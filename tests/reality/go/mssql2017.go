//go:build mssql2017

package main

import _ "github.com/denisenkom/go-mssqldb"

var drivers = map[string]driver{
	"go-mssqldb-2017": {"github.com/denisenkom/go-mssqldb", openMssql, ""},
}
