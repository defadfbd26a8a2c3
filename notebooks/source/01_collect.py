# ---
# crmlab:
#   number: "01"
#   name: collect
#   minutes: 60
#   title:
#     zh: 任务一：梳理客户信息
#     en: "Task one: put customer information in order"
#   questions:
#     zh:
#       - 可以收集哪些信息，谁同意了？
#       - 每个渠道带来了什么，还缺什么？
#       - 三个问题的问卷怎样变成 R、F、M？
#     en:
#       - What may be collected, and who agreed?
#       - What does each channel bring, and what is missing?
#       - How does a questionnaire of three questions become R, F and M?
#   objectives:
#     zh:
#       - 说出每张表的一行是什么
#       - 按用途核对同意，并数清被拒的行
#       - 把档位答案换成带单位的数，跳过不当作 0
#       - 说明为什么问卷的数和订单的数不能直接相比
#     en:
#       - say what a row is in each table
#       - check consent by purpose and count the rows that are refused
#       - turn bands into numbers with a unit, without taking a skipped answer for 0
#       - say why numbers from a questionnaire and numbers from orders cannot be compared as they stand
#   key_points:
#     zh:
#       - 没有同意，就没有这一行。
#       - 读入的行等于用上的行加上列出原因的行。
#       - 问卷问的是每季度的次数和金额，订单给的是窗口里的总数：单位不同。
#       - 没有买过记 0，跳过留空。
#     en:
#       - No consent, no row.
#       - Rows in are rows used plus rows listed with a reason.
#       - The questionnaire asks for orders and money per quarter, while orders give totals in a window, so the units differ.
#       - Never is 0; a skipped answer is empty.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 小满杂货想在 618 前给客户发问候。店员打开后台，看见姓名、手机、订单、浏览记录、聊天记录。
#
# **哪些可以用？用来做什么？谁说了可以？** 请先写下你的想法，再往下看。

# %% [markdown] lang="en"
# ## A question first
#
# Xiaoman Goods wants to greet its customers before the 618 festival. In the back office a clerk sees names, phone numbers, orders, page views and chats.
#
# **What may be used? For what? Who said so?** Write down your thoughts before you read on.

# %% [markdown] lang="zh"
# 参数在这里。`as_of` 留空，就用数据自带的参考日。

# %% [markdown] lang="en"
# Here are the parameters. With `as_of` left empty, the reference date of the data is used.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365
tables = ""

# %% tags=["setup"]
from crmlab import check_settings, open_data, show, survey, type_customers, word
from crmlab.collect import consent_overview, coverage, with_consent

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, tables=tables)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 有哪些表
#
# 一家店的客户信息不在一处。登记表说他是谁，订单说他买了什么，浏览和聊天说他想要什么，问卷说他怎么看自己。
#
# 行数是 0 的表，这份数据里没有；用到它的地方会是空的。

# %% [markdown] lang="en"
# ## Which tables there are
#
# What a shop knows of its customers is not in one place. The register says who they are, orders say what they bought, page views and chats what they wanted, and a questionnaire how they see themselves.
#
# A table with 0 rows is not in these data, and the parts that use it stay empty.

# %% tags=["nbval-check-output"]
show.table(shop.overview(lang), lang, rows=20)

# %% [markdown] lang="zh"
# 客户表的前几行。姓名、手机、邮箱、微信和生日不在里面：在笔记本里，客户只用编号称呼。

# %% [markdown] lang="en"
# The first rows of the customers. Names, phones, e-mails, WeChat ids and birthdays are not among them: in a notebook a customer is known by an id only.

# %%
show.table(shop.table("customers"), lang, rows=5)

# %% [markdown] lang="zh"
# ## 谁同意了什么
#
# 同意是按用途给的。同意做调查，不等于同意收广告。表里一行是一次同意，撤回也记在这一行；没有行，就是没有同意。
#
# 看每一行：三个数加起来，是不是全部客户？

# %% [markdown] lang="en"
# ## Who agreed to what
#
# Consent is given for a purpose. Agreeing to a survey is not agreeing to advertising. Each row of the table is one consent, with its withdrawal if there was one; no row means no consent.
#
# Look at each row: do the three numbers add up to all customers?

# %% tags=["nbval-check-output"]
consents = shop.table("consents")
show.table(consent_overview(shop.table("customers"), consents, on=shop.as_of), lang)

# %% [markdown] lang="zh"
# 同意由程序来执行，不靠人记得。`shop.orders` 里只有同意做分析的客户；别人的订单行不进来，但数得清楚。

# %% [markdown] lang="en"
# The program enforces consent, and nobody has to remember it. `shop.orders` holds only customers who agreed to analysis; the order lines of others stay out, and they are counted.

# %% tags=["nbval-check-output"]
show.text(shop.order_lines_by_consent.balance(lang))

# %% [markdown] lang="zh"
# ## 每个渠道带来了什么
#
# 颜色越深，知道的越多。性别是自愿填写的，空着很正常。少于五位客户的渠道不显示，免得认出某一个人。

# %% [markdown] lang="en"
# ## What each channel brings
#
# The darker, the more is known. Giving one's sex is optional, so blanks are normal there. A channel with fewer than five customers is not shown, so that nobody can be recognised.

# %%
fields = ("sex", "age_range", "job", "birthday", "phone", "email", "wechat", "city")
show.coverage(coverage(shop, fields), lang)

# %% [markdown] lang="zh"
# ## 订单有哪些状态
#
# 一笔订单要经过待付款、已付款、已发货、已完成，也可能被取消。待付款和已取消的订单不算购买，但我们照样数出来。

# %% [markdown] lang="en"
# ## The states of orders
#
# An order goes from unpaid to paid, shipped and completed, or it is cancelled. Unpaid and cancelled orders are no purchases, yet we count them all the same.

# %%
states = shop.table("orders")["state"].value_counts().rename_axis("state").reset_index(name="count")
show.table(states, lang)

# %% [markdown] lang="zh"
# ## 他们在店里做了什么
#
# 浏览、搜索、加购物车、参加活动，都是行为。看一看：从浏览到加购物车，次数少了多少？这就是漏斗。
#
# 这里只数总数，不看是谁。

# %% [markdown] lang="en"
# ## What they do in the shop
#
# Viewing, searching, adding to the cart and taking part in campaigns are behaviour. Look: from views to carts, how much is lost? That is the funnel.
#
# Here we only count totals and look at nobody in particular.

# %%
events = shop.table("events")["event"].value_counts().rename_axis("event").reset_index(name="count")
show.shares(events, "event", "count", lang, title=word("title.events", lang))

# %% [markdown] lang="zh"
# ## 三个问题的问卷
#
# 问卷很短。前三题各对应一个指标。最后一题可以写建议，这一课不用它。
#
# | 问题 | 指标 | 单位 |
# | --- | --- | --- |
# | 上次在我们这里买东西是多久以前？ | R | 天 |
# | 平均每个季度买几次？ | F | 每季度的订单数 |
# | 平均每个季度花多少钱？ | M | 每季度的元 |
#
# 发问卷也要同意，答完以后还可以撤回。收到的答卷等于可用的加上被拒的。

# %% [markdown] lang="en"
# ## A questionnaire of three questions
#
# The questionnaire is short. Its first three questions stand for one indicator each. The last one is for suggestions and is not used in this lesson.
#
# | question | indicator | unit |
# | --- | --- | --- |
# | When did you last buy from us? | R | days |
# | How many times a quarter do you buy? | F | orders per quarter |
# | How much do you spend a quarter? | M | yuan per quarter |
#
# Sending it needs consent as well, which may be withdrawn even after answering. Answers received are those kept plus those refused.

# %% tags=["nbval-check-output"]
answers = shop.table("survey_answers")
allowed = with_consent(answers, consents, purpose="survey", on=shop.as_of)
show.text(allowed.balance(lang))

# %% [markdown] lang="zh"
# 档位要换成数。封闭的档取中点。最高档没有上限，用它和下一档的人数估计：人数掉得越快，估计值越低。

# %% [markdown] lang="en"
# Bands become numbers. A closed band is worth its midpoint. The top band has no upper end, so it is estimated from the counts in it and in the band below: the faster the counts fall, the lower the estimate.

# %% tags=["nbval-check-output"]
show.table(survey.band_table(allowed.kept), lang)

# %% [markdown] lang="zh"
# 现在每份答卷是三个数。R 从答卷人自己交卷的那天算起，再换到共同的参考日。空格是跳过的题。

# %% [markdown] lang="en"
# Now each answer is three numbers. R counts from the day on which the respondent answered, and is then moved to the common reference date. An empty cell is a skipped question.

# %% tags=["nbval-check-output"]
stated = survey.code_answers(allowed.kept, as_of=shop.as_of, currency=shop.currency)
show.table(stated, lang, currency=shop.currency, rows=6)

# %% [markdown] lang="zh"
# ## 说的和做的一样吗？
#
# 订单给的是窗口里的总数，问卷给的是每季度的数。先换成同一个单位：一个季度是 91.3125 天。
#
# 然后比一比同一批客户：他们说的，比订单里的多还是少？只有在窗口里买过东西的人才能比。

# %% [markdown] lang="en"
# ## Do they do what they say?
#
# Orders give totals in a window, and the questionnaire gives numbers per quarter. First we bring both to one unit: a quarter has 91.3125 days.
#
# Then we compare the same customers: do they say more than the orders show, or less? Only people who bought in the window can be compared.

# %% tags=["nbval-check-output"]
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
logged = result.table.rename(columns={shop.columns["customer"]: "customer_id"})
both = stated.merge(logged, on="customer_id")
both["logged"] = both["frequency"] * float(survey.per_quarter(1, window))
both = both.rename(columns={"orders_per_quarter": "stated"})
show.table(both[["stated", "logged"]].agg(["mean", "median"]).rename_axis("statistic").reset_index(), lang)

# %% [markdown] lang="zh"
# 两列都是每季度的订单数，却不一样。原因有两个。一是记忆会出错。二是登记时间比窗口短的客户，订单也除以了整个窗口，订单这一列就偏低。
#
# 所以结果要写清楚：是说的还是做的，除以了多长的时间。

# %% [markdown] lang="en"
# Both columns are orders per quarter, and yet they differ. There are two reasons. Memory errs. And the orders of customers who registered after the window began are still divided by the whole window, so that column comes out low.
#
# So a result must state whether it is what people say or what they do, and by what length of time it was divided.

# %% [markdown] lang="zh"
# 把表存成文件，表格软件可以直接打开。参数 `tables` 留空就不写。

# %% [markdown] lang="en"
# We keep the tables as files that a spreadsheet opens. With the parameter `tables` left empty nothing is written.

# %%
show.save(stated, settings.tables, "stated.csv", lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 我们知道了有哪些信息、谁同意了、还缺什么。下一课用订单把客户分成类型。
#
# **作业**：为小满杂货写一段问卷开头。要有称呼、目的、怎样使用答案、怎样退出，再加一句感谢。

# %% [markdown] lang="en"
# ## Summary and homework
#
# We know which information there is, who agreed, and what is missing. The next lesson puts the customers into types by their orders.
#
# **Homework**: write an opening for the questionnaire of Xiaoman Goods. It needs a form of address, the purpose, how the answers are used, how to opt out, and a word of thanks.

# %% exercise="setup"
from crmlab.course.practice import practice

answer, check = practice("01_collect", shop, settings)
answers = shop.table("survey_answers")

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 要把答卷用于画像（用途 `"profiling"`），有多少份答卷因为没有同意而不能用？

# %% [markdown] lang="en" question="q1"
# ## q1
#
# To use the answers for profiling (purpose `"profiling"`), how many of them cannot be used for want of consent?

# %% solution="q1"
asked = with_consent(answers, shop.table("consents"), purpose="profiling", on=shop.as_of)
answer("q1", len(asked.refused))

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 最高档从 2000 元起，有 40 份答卷；下一档从 1000 元起，有 60 份。用 `survey.top_band` 估计最高档取多少元，保留 2 位小数。

# %% [markdown] lang="en" question="q2"
# ## q2
#
# The top band begins at 2000 yuan and has 40 answers; the one below begins at 1000 and has 60. Estimate with `survey.top_band` how many yuan the top band is worth, to 2 decimals.

# %% solution="q2"
answer("q2", round(survey.top_band(1000, 2000, 60, 40), 2))

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 在所有答卷 `answers` 里，有多少份跳过了 `q2_orders`？

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Among all answers in `answers`, how many skip `q2_orders`?

# %% solution="q3"
answer("q3", int(answers["q2_orders"].isna().sum()))

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 一位客户在 300 天里有 5 笔订单。每季度（91.3125 天）是几笔？保留 2 位小数。

# %% [markdown] lang="en" question="q4"
# ## q4
#
# A customer has 5 orders in 300 days. How many is that per quarter (91.3125 days)? Round to 2 decimals.

# %% solution="q4"
answer("q4", round(5 * 91.3125 / 300, 2))
