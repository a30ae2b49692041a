"""An activity statement as CSV, as the broker writes it, small."""

from __future__ import annotations

ACTIVITY = (
    b"""Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers LLC
Statement,Data,Title,Activity Statement
Statement,Data,Period,"January 1, 2025 - March 31, 2025"
Statement,Data,WhenGenerated,"2025-04-01, 05:00:00 EDT"
Account Information,Header,Field Name,Field Value
Account Information,Data,Name,Somebody
Account Information,Data,Account,U1234567
Account Information,Data,Base Currency,USD
Net Asset Value,Header,Asset Class,Prior Total,Current Long,Current Short,Current Total,Change
Net Asset Value,Data,Cash ,1200,800,0,800,-400
Net Asset Value,Data,Total,21200,24800,0,"24,800",3600
Net Asset Value,Header,Time Weighted Rate of Return
Net Asset Value,Data,12.5%
Change in NAV,Header,Field Name,Field Value
Change in NAV,Data,Starting Value,21200
Change in NAV,Data,Mark-to-Market,"3,600"
Change in NAV,Data,Ending Value,24800
Mark-to-Market Performance Summary,Header,Asset Category,Symbol,Prior Quantity,Current Quantity,Prior Price,"""
    b"""Current Price,Mark-to-Market P/L Position,Mark-to-Market P/L Transaction,Mark-to-Market P/L Commissions,"""
    b"""Mark-to-Market P/L Other,Mark-to-Market P/L Total,Code
Mark-to-Market Performance Summary,Data,Stocks,AMZN,0.8847,43.9033,176.67,64.31,-120.29,-13.72,-2,3.65,-132.36,
Mark-to-Market Performance Summary,Data,Futures,ESH5,0,1,0,5010,300,200,-2.25,0,497.75,
Mark-to-Market Performance Summary,Data,Total,,,,,,0,0,0,0,0,
Realized & Unrealized Performance Summary,Header,Asset Category,Symbol,Cost Adj.,Realized Total,Total
Realized & Unrealized Performance Summary,Data,Stocks,AMZN,0,1974,1974
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,Month to Date,Year to Date,
Cash Report,Data,Starting Cash,Base Currency Summary,0,0,0,,,
Cash Report,Data,Starting Cash,USD,"1,200",0,0,,,
Cash Report,Data,Commissions,USD,-1,-1,0,-1,-1,
Cash Report,Data,Deposits,USD,10,10,0,10,10,
Cash Report,Data,Withdrawals,USD,-4,-4,0,-4,-4,
Cash Report,Data,Ending Cash,USD,1205,1205,0,,,
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Open,Quantity,Mult,Cost Price,Cost Basis,"""
    b"""Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,AMZN,-,12,1,180,2160,230,2760,600,
Open Positions,Data,Lot,Stocks,USD,AMZN,"2025-02-03, 09:45:56",12,,180,2160,,2760,600,
Open Positions,Data,Summary,Stocks,USD,MSFT,-,3,1,390,1170,420,1260,90,
Open Positions,Total,,Stocks,USD,,,,,,3330,,4020,690,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,"""
    b"""Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Stocks,USD,AMZN,"2025-02-03, 09:45:56","1,000",180,181,"-180,000",-1,"180,001",0,1000,O;P
Trades,Data,Order,Stocks,USD,AMZN,"2025-02-10, 13:09:43",-988,182,181,179816,-1.01,-177840.99,1974,-988,C;P
Trades,Data,ClosedLot,Stocks,USD,AMZN,2025-02-03,988,180.001,,,,177840.99,1974,,ST
Trades,SubTotal,,Stocks,USD,AMZN,,12,,,-184,-2.01,2160,1974,12,
Trades,Data,Order,Stocks,GBP,AWE,"2025-03-28, 09:06:18","10,000",0.988,1,-9880,-54.34,9934.34,0,120,O;P
Trades,Total,,Stocks,USD,,,,,,-184,-2.01,2160,1974,12,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Notional Value,"""
    b"""Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Futures,USD,ESH5,"2025-03-28, 10:00:00",1,5000,5010,250000,-2.25,250002.25,0,500,O
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,,Proceeds,Comm in USD,,,"""
    b"""MTM in USD,Code
Trades,Data,Order,Forex,GBP,EUR.GBP,"2025-02-04, 10:00:00",100,0.85,,-85,-2,,,0.1,
Trades,Total,,Forex,USD,,,,,,-85,-2,,,0.1,
Transaction Fees,Header,Asset Category,Currency,Date/Time,Symbol,Description,Quantity,Trade Price,Amount,Code
Transaction Fees,Data,Stocks,GBP,"2025-03-28, 09:06:18",AWE,UK Stamp Tax,"8,900",0.988,-43.966,
Transaction Fees,Data,Stocks,GBP,"2025-03-28, 09:06:18",AWE,UK Stamp Tax,"1,100",0.988,-5.434,
Transaction Fees,Data,Total,,,,,,,-49.4,
Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,USD,2025-01-05,Electronic Fund Transfer,10
Deposits & Withdrawals,Data,USD,2025-01-06,Disbursement,-4
Deposits & Withdrawals,Data,Total,,,6
Dividends,Header,Currency,Date,Description,Amount
Dividends,Data,USD,2025-03-12,MSFT(US5949181045) Cash Dividend USD 0.83 per Share (Ordinary Dividend),2.49
Dividends,Data,USD,2025-03-13,AMZN (US0231351067) Payment in Lieu of Dividend (Ordinary Dividend),0.5
Dividends,Data,Total,,,2.99
Dividends,Data,Total Dividends in USD,,,2.99
Withholding Tax,Header,Currency,Date,Description,Amount,Code
Withholding Tax,Data,USD,2025-03-12,MSFT(US5949181045) Cash Dividend USD 0.83 per Share - US Tax,-0.37,
Withholding Tax,Data,Total,,,-0.37,
Interest,Header,Currency,Date,Description,Amount
Interest,Data,USD,2025-02-05,USD Credit Interest for Jan-2025,1.23
Interest,Data,Total,,,1.23
Fees,Header,Subtitle,Currency,Date,Description,Amount
Fees,Data,Other Fees,USD,2025-02-03,L***91:US CONSOLIDATED SNAPSHOT FOR JAN 2025,-4.5
Fees,Data,Total,,,,-4.5
Commission Adjustments,Header,Currency,Date,Description,Amount,Code
Commission Adjustments,Data,USD,2025-02-11,Commission Computed After Trade Reported (AMZN),0.25,
Commission Adjustments,Data,Total,,,0.25,
Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,Quantity,Proceeds,Value,"""
    b"""Realized P/L,Code
Corporate Actions,Data,Stocks,USD,2025-03-18,"2025-03-17, 20:25:00","MSFT(US5949181045) Split 4 for 1 (MSFT, """
    b"""MICROSOFT CORP, US5949181045)",2.25,0,0,0,
Corporate Actions,Data,Total,,,,,,0,0,0,
Transfers,Header,Asset Category,Currency,Symbol,Date,Type,Direction,Xfer Company,Xfer Account,Qty,Xfer Price,"""
    b"""Market Value,Realized P/L,Cash Amount,Code
Transfers,Data,Stocks,USD,MSFT,2025-01-05,ACATS,In,--,118056084,0.75,--,"312.50",0.00,0.00,
Transfers,Data,Total,,,,,,,,,,312.5,0,0,
Change in Dividend Accruals,Header,Asset Category,Currency,Symbol,Date,Ex Date,Pay Date,Quantity,Tax,Fee,Gross Rate,"""
    b"""Gross Amount,Net Amount,Code
Change in Dividend Accruals,Data,Starting Dividend Accruals in USD,,,,,,,,,,,0,
Change in Dividend Accruals,Data,Stocks,USD,MSFT,2025-02-19,2025-02-20,2025-03-12,3,0.37,0,0.83,2.49,2.12,ADR;Po
Change in Dividend Accruals,Data,Ending Dividend Accruals in USD,,,,,,,,,,,2.12,
Interest Accruals,Header,Currency,Field Name,Field Value
Interest Accruals,Data,Base Currency Summary,Starting Accrual Balance,0
Interest Accruals,Data,USD,Starting Accrual Balance,0
Interest Accruals,Data,USD,Interest Accrued,1.5
Interest Accruals,Data,USD,Accrual Reversal,-1.23
Interest Accruals,Data,USD,Ending Accrual Balance,0.27
Base Currency Exchange Rate,Header,Currency,Rate
Base Currency Exchange Rate,Data,GBP,1.29
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Security ID,Underlying,Listing Exch,"""
    b"""Multiplier,Type,Code
Financial Instrument Information,Data,Stocks,AMZN,AMAZON.COM INC,3691937,US0231351067,AMZN,NASDAQ,1,COMMON,
Financial Instrument Information,Data,Stocks,"MSFT, MSFT.OLD",MICROSOFT CORP,272093,US5949181045,MSFT,NASDAQ,1,COMMON,
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Underlying,Listing Exch,Multiplier,"""
    b"""Expiry,Delivery Month,Code
Financial Instrument Information,Data,Futures,ESH5,ES 21MAR25,495512557,ES,CME,50,2025-03-21,2025-03,
Codes,Header,Code,Meaning,Code (Cont.),Meaning (Cont.)
Codes,Data,A,Assignment,O,Opening Trade
Notes/Legal Notes,Header,Type,Note
Notes/Legal Notes,Data,Notes,"Unless otherwise noted, all times are in New York."
"""
)
